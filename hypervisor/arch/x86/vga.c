/* SPDX-License-Identifier: MIT */
/*
 * The console's text on a VGA screen in text mode.
 *
 * Many PCs have no serial port; without a screen a refusal to start would be
 * silence. A machine whose firmware left the adapter in a graphics mode (UEFI)
 * or that has none shows nothing here: the adapter itself is asked (no adapter
 * answers with all ones).
 *
 * The adapter's memory is slow, slower still when it is emulated: it is never
 * read, and a new line does not move the other 24. The memory holds 204 lines,
 * of which the adapter shows 25 from a start that we choose; a new line moves
 * the start. Only at the memory's end are the 25 lines drawn again at its
 * beginning, out of `shadow`, a ring of lines in our own memory.
 *
 *   I1  line r of the screen is shadow line (first + r) % ROWS, and stands in
 *       memory line top + r
 *   I2  row < ROWS and column <= COLUMNS; a full line wraps when the next
 *       character comes, not before
 *   I3  top + ROWS <= MEMORY_ROWS
 *
 * Serialized by the console's lock.
 */
#include <arch/layout.h>
#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/util.h>
#include "paging.h"
#include "vga.h"

#define TEXT_MEMORY 0xb8000
#define TEXT_SIZE   0x8000
#define COLUMNS     80u
#define ROWS        25u
#define MEMORY_ROWS (TEXT_SIZE / (2 * COLUMNS))
#define BLANK       0x0720 /* grey on black */

#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA  0x3cf
#define CRTC_INDEX     0x3d4
#define CRTC_DATA      0x3d5
#define CRTC_START     0x0c /* high byte; low byte follows */
#define CRTC_CURSOR    0x0e

static volatile uint16_t *screen; /* NULL: none */
static uint16_t shadow[ROWS][COLUMNS];
static unsigned int first, top, row, column;

/* Graphics register 6: bit 0 says graphics, bits 2-3 which window; text mode
 * has 0xb8000. */
static bool is_text_mode(void)
{
    uint8_t misc;

    outb(GRAPHICS_INDEX, 6);
    misc = inb(GRAPHICS_DATA);
    return (misc & 0x01) == 0 && (misc & 0x0c) == 0x0c;
}

static void crtc_write(uint8_t index, unsigned int value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, (uint8_t)(value >> 8));
    outb(CRTC_INDEX, index + 1);
    outb(CRTC_DATA, (uint8_t)value);
}

static void move_cursor(void)
{
    unsigned int c = column < COLUMNS ? column : COLUMNS - 1;

    crtc_write(CRTC_CURSOR, (top + row) * COLUMNS + c);
}

static void put_cell(unsigned int r, unsigned int c, uint16_t cell)
{
    shadow[(first + r) % ROWS][c] = cell;
    screen[(top + r) * COLUMNS + c] = cell;
}

static void blank_row(unsigned int r)
{
    for (unsigned int c = 0; c < COLUMNS; c++) {
        put_cell(r, c, BLANK);
    }
}

/* The memory ends: the lines that stay go to its beginning. */
static void rewind(void)
{
    top = 0;
    for (unsigned int r = 0; r + 1 < ROWS; r++) {
        for (unsigned int c = 0; c < COLUMNS; c++) {
            put_cell(r, c, shadow[(first + r) % ROWS][c]);
        }
    }
}

static void scroll(void)
{
    first = (first + 1) % ROWS;
    if (top + ROWS < MEMORY_ROWS) {
        top++;
    } else {
        rewind(); /* I3 */
    }
    blank_row(ROWS - 1);
    crtc_write(CRTC_START, top * COLUMNS);
}

static void next_line(void)
{
    column = 0;
    if (row + 1 < ROWS) {
        row++;
    } else {
        scroll();
    }
}

static void put_char(char ch)
{
    switch (ch) {
    case '\n':
        next_line();
        break;
    case '\r':
        column = 0;
        break;
    case '\b':
        column -= column > 0;
        break;
    case '\t':
        column = (unsigned int)min_u64(round_up(column + 1, 8), COLUMNS - 1);
        break;
    default:
        if ((unsigned char)ch < ' ') {
            break;
        }
        if (column == COLUMNS) {
            next_line();
        }
        put_cell(row, column++, 0x0700 | (unsigned char)ch);
        break;
    }
}

bool vga_init(void)
{
    if (!is_text_mode()) {
        return false;
    }
    screen = (volatile uint16_t *)(DIRECT_BASE + TEXT_MEMORY);
    for (unsigned int r = 0; r < ROWS; r++) {
        blank_row(r);
    }
    crtc_write(CRTC_START, 0);
    move_cursor();
    return true;
}

void vga_remap(void)
{
    if (screen) {
        screen = map_device(TEXT_MEMORY, TEXT_SIZE);
    }
}

void vga_write(const char *text, size_t len)
{
    if (!screen) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        put_char(text[i]);
    }
    move_cursor();
}
