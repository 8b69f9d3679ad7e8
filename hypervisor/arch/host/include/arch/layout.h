/* SPDX-License-Identifier: MIT */
/* What guests can see of the linear map; the host has no other. */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define HV_HOLE_START 0xffff800000000000ull
#define HV_HOLE_END   0xffff880000000000ull
#define M2P_BASE      0xffff800000000000ull

#define LDT_BASE(id)  (0xffff808012000000ull + (uint64_t)(id) * 0x10000)

#define HV_CS           0xe008
#define GUEST_CS32      0xe023
#define GUEST_SS        0xe02b
#define GUEST_CS64      0xe033
#define GUEST_CS64_RING0 0xe030

#define VECTOR_HYPERCALL32 0x82

#endif
