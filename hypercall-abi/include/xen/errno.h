/* SPDX-License-Identifier: MIT */
/*
 * Error numbers. A call that fails returns one of them negated.
 *
 * The values are those of Linux on x86, but they are the interface's own:
 * a guest with other numbers must translate. Plain inclusion declares
 * enum xen_errno. Who wants a table instead defines XEN_ERRNO(name, value)
 * first and gets one row per number; the file may be included many times.
 */
#ifndef XEN_ERRNO
#ifndef XENIOS_XEN_ERRNO_H
#define XENIOS_XEN_ERRNO_H
#define XENIOS_ERRNO_ENUM
#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#endif
#endif

#ifdef XEN_ERRNO
XEN_ERRNO(EPERM, 1)             /* not privileged, or not the owner */
XEN_ERRNO(ENOENT, 2)            /* no such thing registered or bound */
XEN_ERRNO(ESRCH, 3)             /* no such domain */
XEN_ERRNO(EINTR, 4)             /* inside the hypervisor only */
XEN_ERRNO(EIO, 5)
XEN_ERRNO(ENXIO, 6)
XEN_ERRNO(E2BIG, 7)             /* more asked than can ever be given */
XEN_ERRNO(ENOEXEC, 8)
XEN_ERRNO(EBADF, 9)
XEN_ERRNO(ECHILD, 10)
XEN_ERRNO(EAGAIN, 11)           /* the state changed meanwhile: try again */
XEN_ERRNO(EWOULDBLOCK, 11)
XEN_ERRNO(ENOMEM, 12)           /* shortage, or the domain's limit */
XEN_ERRNO(EACCES, 13)
XEN_ERRNO(EFAULT, 14)           /* a pointer does not lead to guest memory */
XEN_ERRNO(EBUSY, 16)            /* in use as something else */
XEN_ERRNO(EEXIST, 17)           /* exists already */
XEN_ERRNO(EXDEV, 18)
XEN_ERRNO(ENODEV, 19)
XEN_ERRNO(ENOTDIR, 20)
XEN_ERRNO(EISDIR, 21)
XEN_ERRNO(EINVAL, 22)           /* the argument makes no sense */
XEN_ERRNO(ENFILE, 23)
XEN_ERRNO(EMFILE, 24)
XEN_ERRNO(ENOSPC, 28)           /* a table is full */
XEN_ERRNO(EROFS, 30)
XEN_ERRNO(EMLINK, 31)
XEN_ERRNO(EDOM, 33)
XEN_ERRNO(ERANGE, 34)
XEN_ERRNO(EDEADLK, 35)
XEN_ERRNO(EDEADLOCK, 35)
XEN_ERRNO(ENAMETOOLONG, 36)
XEN_ERRNO(ENOLCK, 37)
XEN_ERRNO(ENOSYS, 38)           /* this call or sub-call is not offered */
XEN_ERRNO(ENOTEMPTY, 39)
XEN_ERRNO(ENODATA, 61)
XEN_ERRNO(ETIME, 62)            /* the time asked for is over */
XEN_ERRNO(EBADMSG, 74)
XEN_ERRNO(EOVERFLOW, 75)
XEN_ERRNO(EILSEQ, 84)
XEN_ERRNO(ERESTART, 85)         /* inside the hypervisor: run it again */
XEN_ERRNO(ENOTSOCK, 88)
XEN_ERRNO(EMSGSIZE, 90)
XEN_ERRNO(EOPNOTSUPP, 95)       /* known, but not for this kind of guest */
XEN_ERRNO(EADDRINUSE, 98)
XEN_ERRNO(EADDRNOTAVAIL, 99)
XEN_ERRNO(ENOBUFS, 105)
XEN_ERRNO(EISCONN, 106)
XEN_ERRNO(ENOTCONN, 107)
XEN_ERRNO(ETIMEDOUT, 110)
XEN_ERRNO(ECONNREFUSED, 111)
#undef XEN_ERRNO
#endif

#ifdef XENIOS_ERRNO_ENUM
#undef XENIOS_ERRNO_ENUM
};
#endif
