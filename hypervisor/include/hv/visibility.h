/* SPDX-License-Identifier: MIT */
/*
 * Included before everything else in the target build: nothing is exported
 * from the image, so declarations too are hidden and no access goes through a
 * global offset table (-fvisibility=hidden covers definitions only).
 */
#pragma GCC visibility push(hidden)
