/* SPDX-License-Identifier: MIT */
/*
 * The 16550 UART at 0x3f8: output polled, input by interrupt.
 *
 * Polling for output keeps the last words of a panic in order; the FIFO makes
 * it cheap (16 bytes for each wait). Every wait is bounded, because a machine
 * without a UART answers 0xff for ever.
 */
#include "serial.h"

#include <arch/portio.h>

#define PORT 0x3f8
enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20
#define LSR_IDLE       0x40
#define FIFO_SIZE      16
#define WAIT_MAX       1000000

static bool present;

void serial_init(void)
{
    outb(PORT + IER, 0);
    outb(PORT + LCR, 0x80);
    outb(PORT + DATA, 1); /* 115200 baud */
    outb(PORT + IER, 0);
    outb(PORT + LCR, 0x03);
    outb(PORT + FCR, 0x07);
    outb(PORT + MCR, 0x0b);
    present = inb(PORT + LSR) != 0xff;
}

void serial_enable_interrupt(void)
{
    if (present) {
        outb(PORT + IER, 1);
    }
}

static bool wait_for(uint8_t bits)
{
    for (unsigned int i = 0; i < WAIT_MAX; i++) {
        if ((inb(PORT + LSR) & bits) == bits) {
            return true;
        }
    }
    present = false;
    return false;
}

void serial_write(const char *text, size_t len)
{
    unsigned int room = 0;

    if (!present) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (room < 2) {
            if (!wait_for(LSR_THR_EMPTY)) {
                return;
            }
            room = FIFO_SIZE;
        }
        if (text[i] == '\n') {
            outb(PORT + DATA, '\r');
            room--;
        }
        outb(PORT + DATA, (uint8_t)text[i]);
        room--;
    }
}

int serial_read(void)
{
    if (!present || (inb(PORT + LSR) & LSR_DATA_READY) == 0) {
        return -1;
    }
    return inb(PORT + DATA);
}

void serial_drain(void)
{
    if (present) {
        wait_for(LSR_IDLE);
    }
}
