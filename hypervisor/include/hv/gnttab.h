/* SPDX-License-Identifier: MIT */
/* The grant table of a domain: core/gnttab.c. */
#ifndef HV_GNTTAB_H
#define HV_GNTTAB_H

#include <hv/domain.h>

/* Gives back the frames of the table; nothing refers to them any more. */
void gnttab_destroy(struct domain *d);

/* Panics unless the domain's table obeys G1 and G2 of gnttab.c; for audit. */
void gnttab_audit(const struct domain *d);

#endif
