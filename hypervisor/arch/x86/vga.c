/* SPDX-License-Identifier: MIT */
/*
 * Boot text on a VGA screen in text mode.
 *
 * Many PCs have no serial port; without a screen a refusal to start would be
 * silence. The screen is written only, never read: reading the adapter's
 * memory is slow, so the picture is kept in `shadow` and lines are scrolled
 * there. A machine whose firmware left the adapter in a graphics mode (UEFI)
 * or that has none shows nothing here: the adapter itself is asked.
 *
 *   I1  every cell of the screen equals its cell of `shadow`
 *   I2  row < ROWS and column <= COLUMNS; a full line wraps when the next
 *       character comes, not before
 *
 * Serialized by the console's lock.
 */
#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/util.h>
#include "acpi.h"
#include "paging.h"
#include "vga.h"

#define TEXT_MEMORY 0xb8000
#define COLUMNS     80
#define ROWS        25
#define GREY        0x0700

#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA  0x3cf
#define CRTC_INDEX     0x3d4
#define CRTC_DATA      0x3d5

static volatile uint16_t *screen; /* NULL: none */
static uint16_t shadow[ROWS][COLUMNS];
static unsigned int row, column;

/* Graphics register 6: bit 0 says graphics, bits 2-3 which window; text mode
 * has 0xb8000. No adapter answers with all ones. */
static bool is_text_mode(void)
{
    uint8_t misc;

    if (acpi.fadt.present && (acpi.fadt.boot_flags & FADT_BOOT_NO_VGA)) {
        return false;
    }
    outb(GRAPHICS_INDEX, 6);
    misc = inb(GRAPHICS_DATA);
    return (misc & 0x01) == 0 && (misc & 0x0c) == 0x0c;
}

static void put_cell(unsigned int r, unsigned int c, uint16_t cell)
{
    if (shadow[r][c] != cell) {
        shadow[r][c] = cell;
        screen[r * COLUMNS + c] = cell;
    }
}

static void scroll(void)
{
    for (unsigned int r = 0; r < ROWS; r++) {
        for (unsigned int c = 0; c < COLUMNS; c++) {
            put_cell(r, c, r + 1 < ROWS ? shadow[r + 1][c] : GREY | ' ');
        }
    }
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
        put_cell(row, column++, GREY | (unsigned char)ch);
        break;
    }
}

static void move_cursor(void)
{
    unsigned int at = row * COLUMNS + (column < COLUMNS ? column : COLUMNS - 1);

    outb(CRTC_INDEX, 0x0e);
    outb(CRTC_DATA, (uint8_t)(at >> 8));
    outb(CRTC_INDEX, 0x0f);
    outb(CRTC_DATA, (uint8_t)at);
}

bool vga_init(void)
{
    if (!is_text_mode()) {
        return false;
    }
    screen = map_device(TEXT_MEMORY, sizeof(shadow));
    if (!screen) {
        return false;
    }
    for (unsigned int r = 0; r < ROWS; r++) {
        for (unsigned int c = 0; c < COLUMNS; c++) {
            put_cell(r, c, GREY | ' ');
        }
    }
    move_cursor();
    return true;
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
