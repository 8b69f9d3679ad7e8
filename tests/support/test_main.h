/* SPDX-License-Identifier: MIT */
/*
 * The frame of a unit test program. A file holds START_TEST claims and ends
 * with
 *
 *     TEST_MAIN("page_alloc", setup, teardown, first_claim, second_claim)
 *
 * setup and teardown (NULL: none) run around each claim, in a process of its
 * own, so static state of the code under test never carries over.
 */
#ifndef TESTS_TEST_MAIN_H
#define TESTS_TEST_MAIN_H

#include <check.h>
#include <stddef.h>

int test_main(const char *name, void (*setup)(void), void (*teardown)(void),
              const TTest **tests, size_t count);

#define TEST_MAIN(name, setup, teardown, ...)                               \
    int main(void)                                                          \
    {                                                                       \
        const TTest *tests[] = { __VA_ARGS__ };                             \
                                                                            \
        return test_main(name, setup, teardown, tests,                      \
                         sizeof(tests) / sizeof(tests[0]));                 \
    }

#endif
