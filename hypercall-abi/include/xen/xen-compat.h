/* SPDX-License-Identifier: MIT */
/*
 * What every interface header needs first: the interface version, typed
 * integer constants, and guest handles.
 *
 * The interface grew for twenty years, and a guest may say how old it is by
 * defining __XEN_INTERFACE_VERSION__. We speak only the newest dialect: the
 * old ones rename fields but never move them, so an old binary is served
 * all the same, and new source has no reason to ask for less.
 */
#ifndef XENIOS_XEN_COMPAT_H
#define XENIOS_XEN_COMPAT_H

#include <stddef.h>
#include <stdint.h>

#define __XEN_LATEST_INTERFACE_VERSION__ 0x00040e00

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#if __XEN_INTERFACE_VERSION__ != __XEN_LATEST_INTERFACE_VERSION__
#error "these headers offer the latest interface version only"
#endif

/* The length between the brackets of a trailing array of unknown length. */
#define XEN_FLEX_ARRAY_DIM
#define COMPAT_FLEX_ARRAY_DIM XEN_FLEX_ARRAY_DIM

/*
 * Constants of a given type. Two steps, so that an argument which is itself
 * a macro is expanded before the suffix is glued on.
 */
#define __xen_mk_uint(x) x##U
#define __xen_mk_ulong(x) x##UL
#define __xen_mk_ullong(x) x##ULL
#define xen_mk_uint(x) __xen_mk_uint(x)
#define xen_mk_ulong(x) __xen_mk_ulong(x)
#define xen_mk_ullong(x) __xen_mk_ullong(x)

/*
 * Guest handles. A handle is a guest linear address with a type on it,
 * wrapped in a structure so that it cannot be dereferenced by accident: on
 * the hypervisor's side the address is somebody else's and may be anything.
 *
 * XEN_GUEST_PTR may be defined beforehand as an address-space qualifier; the
 * pointer inside a handle is then marked, and checkers see a direct use.
 */
#ifndef XEN_GUEST_PTR
#define XEN_GUEST_PTR
#endif

#define ___DEFINE_XEN_GUEST_HANDLE(name, type) \
    typedef struct { \
        type XEN_GUEST_PTR *p; \
    } __guest_handle_##name
#define __DEFINE_XEN_GUEST_HANDLE(name, type) \
    ___DEFINE_XEN_GUEST_HANDLE(name, type); \
    ___DEFINE_XEN_GUEST_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name) __DEFINE_XEN_GUEST_HANDLE(name, name)

#define __XEN_GUEST_HANDLE(name) __guest_handle_##name
#define XEN_GUEST_HANDLE(name) __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name) XEN_GUEST_HANDLE(name)

#define set_xen_guest_handle_raw(hnd, val) \
    do { \
        (hnd).p = val; \
    } while (0)
#define set_xen_guest_handle(hnd, val) set_xen_guest_handle_raw(hnd, val)

#endif /* XENIOS_XEN_COMPAT_H */
