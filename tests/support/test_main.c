/* SPDX-License-Identifier: MIT */
/* Runs the claims of one test program under Check. */
#include "test_main.h"

#include <stdlib.h>

#define TIMEOUT_SECONDS 60 /* generous: sanitizers, and a busy machine */

int test_main(const char *name, void (*setup)(void), void (*teardown)(void),
              const TTest **tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *claims = tcase_create("claims");
    SRunner *runner = srunner_create(suite);
    size_t i;
    int failed;

    tcase_set_timeout(claims, TIMEOUT_SECONDS);
    tcase_add_checked_fixture(claims, setup, teardown);
    for (i = 0; i < count; i++) {
        tcase_add_test(claims, tests[i]);
    }
    suite_add_tcase(suite, claims);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
