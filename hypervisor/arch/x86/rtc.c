/* SPDX-License-Identifier: MIT */
/*
 * The PC's real-time clock, read once at boot.
 *
 * The clock updates its registers once a second and may show a mixture while
 * it does (status A, bit 7). So: wait until no update is in progress, read
 * all, read all again, and believe two equal readings. Every wait is bounded;
 * a machine without the device reads as all ones, which is no date, and then
 * wall time simply starts at 0.
 *
 * Ports 0x70/0x71. Bit 7 of the index port disables NMI and is left 0.
 */
#include <arch/portio.h>
#include <hv/util.h>
#include "acpi.h"
#include "clock.h"
#include "rtc_pure.h"

#define RTC_INDEX    0x70
#define RTC_DATA     0x71
#define RTC_STATUS_A 0x0a
#define RTC_STATUS_B 0x0b
#define RTC_UPDATING 0x80

static uint8_t rtc_register(uint8_t index)
{
    outb(RTC_INDEX, index);
    return inb(RTC_DATA);
}

/* An update takes 2 ms at most. */
static void wait_for_update(void)
{
    for (int i = 0; i < 1000; i++) {
        if (!(rtc_register(RTC_STATUS_A) & RTC_UPDATING)) {
            return;
        }
        clock_delay_us(10);
    }
}

static struct rtc_registers read_all(void)
{
    uint8_t century = acpi.fadt.century;

    wait_for_update();
    return (struct rtc_registers){
        .second = rtc_register(0x00),
        .minute = rtc_register(0x02),
        .hour = rtc_register(0x04),
        .day = rtc_register(0x07),
        .month = rtc_register(0x08),
        .year = rtc_register(0x09),
        .century = century && century < 128 ? rtc_register(century) : 0,
        .status_b = rtc_register(RTC_STATUS_B),
    };
}

uint64_t rtc_read_seconds(void)
{
    struct rtc_registers first, second;
    uint64_t seconds;

    if (acpi.fadt.present && (acpi.fadt.boot_flags & FADT_BOOT_NO_RTC)) {
        return 0;
    }
    second = read_all();
    for (int i = 0; i < 5; i++) {
        first = second;
        second = read_all();
        if (memcmp(&first, &second, sizeof(first)) == 0 &&
            rtc_to_seconds(&second, &seconds)) {
            return seconds;
        }
    }
    return 0;
}
