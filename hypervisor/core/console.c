/* SPDX-License-Identifier: MIT */
/*
 * One serial line, shared by the hypervisor and the first domain.
 *
 * tools/xenios reads how a run ended from the hypervisor's lines, so a guest
 * must not be able to fake one, and a guest's half-finished line must not
 * hide one. Two small states, both under the console's lock, see to that:
 *
 *   C1  a line of the hypervisor begins at column 0: if the last byte sent
 *       was not a newline, one is sent first (`column0`)
 *   C2  no guest text puts CONSOLE_PREFIX at the beginning of a line. The
 *       matcher counts how many characters of the prefix have come since the
 *       line began (`matched`), across calls; before the character that would
 *       complete it, a '|' is sent. Nothing is ever held back, so a prompt
 *       that happens to begin with "(xen" appears at once. Every control
 *       character begins a line as far as C2 goes, because some reader might
 *       take it for one; a zero byte counts as nothing, because some reader
 *       might drop it.
 *
 * Input goes to the guest, or, after ctrl-a typed three times, to the debug
 * keys; ctrl-a three times more switches back. The guest's part waits in a
 * ring until CONSOLEIO_read fetches it; what does not fit is dropped, as a
 * UART does.
 *
 * The lock is LOCK_CONSOLE, the last of all, so that printk can be called
 * anywhere; VIRQ_CONSOLE is therefore raised after it is released.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/console_ring.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/util.h>

#define INPUT_SIZE 256u /* a power of two: indices run freely */
#define WRITE_CHUNK 128u

#define KEY_SWITCH 0x01 /* ctrl-a */
#define KEY_SWITCH_COUNT 3

STATIC_ASSERT((INPUT_SIZE & (INPUT_SIZE - 1)) == 0, "indices wrap by masking");

static struct {
    struct spinlock lock;
    bool lock_broken;          /* by panic */
    bool mid_line;             /* C1: something since the last newline */
    uint32_t matched;          /* C2: or NOT_AT_START */
    bool input_to_hv;          /* debug keys */
    uint32_t switch_keys;      /* KEY_SWITCH in a row, withheld */
    uint32_t input_in, input_out;
    char input[INPUT_SIZE];
} console = { .lock = SPINLOCK(LOCK_CONSOLE) };

#define PREFIX_LENGTH ((uint32_t)sizeof(CONSOLE_PREFIX) - 1)
#define NOT_AT_START PREFIX_LENGTH /* nothing on this line can match now */

static void lock_console(void)
{
    if (!console.lock_broken) {
        spin_lock(&console.lock);
    }
}

static void unlock_console(void)
{
    if (!console.lock_broken) {
        spin_unlock(&console.lock);
    }
}

void console_break_lock(void)
{
    console.lock_broken = true;
}

/* --- output --------------------------------------------------------------- */

static void hv_line(const char *text, size_t len)
{
    arch_console_write(CONSOLE_PREFIX, PREFIX_LENGTH);
    arch_console_write(text, len);
    arch_console_write("\n", 1);
}

void console_hv_write(const char *text, size_t len)
{
    size_t start = 0;

    lock_console();
    if (console.mid_line) {
        arch_console_write("\n", 1); /* C1 */
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            hv_line(text + start, i - start);
            start = i + 1;
        }
    }
    if (start < len || len == 0) {
        hv_line(text + start, len - start);
    }
    console.mid_line = false;
    console.matched = 0;
    unlock_console();
}

/* C2 for one character; true when it would complete the prefix. */
static bool completes_prefix(char c)
{
    uint8_t byte = (uint8_t)c;

    if (byte == 0) {
        return false;
    }
    if (byte < 0x20 || byte == 0x7f) {
        console.matched = 0;
        return false;
    }
    if (console.matched == NOT_AT_START) {
        return false;
    }
    if (c != CONSOLE_PREFIX[console.matched]) {
        console.matched = NOT_AT_START;
        return false;
    }
    console.matched++;
    return console.matched == PREFIX_LENGTH;
}

static void guest_write_locked(const char *text, size_t len)
{
    size_t start = 0;

    for (size_t i = 0; i < len; i++) {
        if (completes_prefix(text[i])) {
            arch_console_write(text + start, i - start);
            arch_console_write("|", 1);
            start = i;
        }
    }
    arch_console_write(text + start, len - start);
    console.mid_line = text[len - 1] != '\n';
}

void console_guest_write(const char *text, size_t len)
{
    if (len == 0) {
        return;
    }
    lock_console();
    guest_write_locked(text, len);
    unlock_console();
}

/* --- input ---------------------------------------------------------------- */

static void input_push(char c)
{
    if (console.input_in - console.input_out < INPUT_SIZE) {
        console.input[console.input_in++ % INPUT_SIZE] = c;
    }
}

size_t console_guest_read(char *buf, size_t len)
{
    size_t n = 0;

    lock_console();
    while (n < len && console.input_out != console.input_in) {
        buf[n++] = console.input[console.input_out++ % INPUT_SIZE];
    }
    unlock_console();
    return n;
}

/* What a typed character leads to, to be done without the lock. */
enum input_action { INPUT_NOTHING, INPUT_FOR_GUEST, INPUT_FOR_HV,
                    INPUT_SWITCH };

static enum input_action input_step(char c)
{
    if (c == KEY_SWITCH) {
        if (++console.switch_keys < KEY_SWITCH_COUNT) {
            return INPUT_NOTHING;
        }
        console.switch_keys = 0;
        console.input_to_hv = !console.input_to_hv;
        return INPUT_SWITCH;
    }
    if (console.input_to_hv) {
        console.switch_keys = 0;
        return INPUT_FOR_HV;
    }
    for (; console.switch_keys > 0; console.switch_keys--) {
        input_push(KEY_SWITCH); /* was meant for the guest after all */
    }
    input_push(c);
    return INPUT_FOR_GUEST;
}

static void tell_input_owner(void)
{
    if (console.input_to_hv) {
        printk("input goes to the hypervisor: h for help, ctrl-a three times "
               "to switch back");
    } else {
        printk("input goes to the first domain, ctrl-a three times to switch");
    }
}

void console_input_softirq(void)
{
    bool for_guest = false;
    int c;

    while ((c = arch_console_read()) >= 0) {
        enum input_action action;

        lock_console();
        action = input_step((char)c);
        unlock_console();
        for_guest |= action == INPUT_FOR_GUEST;
        if (action == INPUT_SWITCH) {
            tell_input_owner();
        } else if (action == INPUT_FOR_HV) {
            debugkey((char)c);
        }
    }
    if (for_guest && domains[0] != NULL) {
        virq_raise_global(domains[0], VIRQ_CONSOLE);
        console_ring_service(domains[0]);
    }
}

/* --- console_io (manual: console_io) -------------------------------------- */

/* Writes piece by piece; the work budget decides when the guest has to make
 * the call again for the rest. */
static int64_t write_from_guest(uint32_t count, gva_t text)
{
    char chunk[WRITE_CHUNK];

    while (count > 0) {
        uint32_t n = (uint32_t)min_u64(count, sizeof(chunk));

        if (guest_copy_in(chunk, text, n)) {
            return -XEN_EFAULT;
        }
        console_guest_write(chunk, n);
        count -= n;
        text.v += n;
        if (count > 0 && !work_spend((int32_t)n)) {
            uint64_t args[] = { CONSOLEIO_write, count, text.v };

            return hypercall_restart(ARRAY_SIZE(args), args);
        }
    }
    return 0;
}

/* Characters leave the ring only when the guest can take them. */
static int64_t read_to_guest(uint32_t count, gva_t buf)
{
    uint32_t done = 0;
    bool fault = false;

    if (count > INT32_MAX) {
        return -XEN_E2BIG; /* the result could not be told from an error */
    }
    lock_console();
    while (done < count && console.input_out != console.input_in) {
        char c = console.input[console.input_out % INPUT_SIZE];

        if (guest_store8(GVA(buf.v + done), (uint8_t)c)) {
            fault = true;
            break;
        }
        console.input_out++;
        done++;
    }
    unlock_console();
    return fault ? -XEN_EFAULT : (int64_t)done;
}

int64_t hc_console_io(uint64_t command, uint64_t count, uint64_t buffer,
                      uint64_t unused3, uint64_t unused4)
{
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM; /* other domains have rings for their consoles */
    }
    switch ((uint32_t)command) {
    case CONSOLEIO_write:
        return write_from_guest((uint32_t)count, GVA(buffer));
    case CONSOLEIO_read:
        return read_to_guest((uint32_t)count, GVA(buffer));
    default:
        return -XEN_ENOSYS;
    }
}
