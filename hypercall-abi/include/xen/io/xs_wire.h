/* SPDX-License-Identifier: MIT */
/*
 * The protocol of the store: a tree of small values that domains use to find
 * each other. One page per domain holds a ring each way; on it go messages,
 * a header and up to 4096 bytes. A reply repeats type and req_id.
 */
#ifndef XENIOS_XEN_IO_XS_WIRE_H
#define XENIOS_XEN_IO_XS_WIRE_H

#include <stdint.h>

enum xsd_sockmsg_type {
    XS_CONTROL,
#define XS_DEBUG XS_CONTROL
    XS_DIRECTORY,
    XS_READ,
    XS_GET_PERMS,
    XS_WATCH,
    XS_UNWATCH,
    XS_TRANSACTION_START,
    XS_TRANSACTION_END,
    XS_INTRODUCE,
    XS_RELEASE,
    XS_GET_DOMAIN_PATH,
    XS_WRITE,
    XS_MKDIR,
    XS_RM,
    XS_SET_PERMS,
    XS_WATCH_EVENT,             /* comes unasked: path, token */
    XS_ERROR,                   /* reply: the name of an error, "EINVAL" */
    XS_IS_DOMAIN_INTRODUCED,
    XS_RESUME,
    XS_SET_TARGET,
    XS_RESET_WATCHES = XS_SET_TARGET + 2,   /* 20 was once RESTRICT */
    XS_DIRECTORY_PART,
    XS_TYPE_COUNT,
    XS_INVALID = 0xffff
};

#define XS_WRITE_NONE "NONE"
#define XS_WRITE_CREATE "CREATE"
#define XS_WRITE_CREATE_EXCL "CREATE|EXCL"

struct xsd_sockmsg {
    uint32_t type;      /* XS_* */
    uint32_t req_id;    /* chosen by the client */
    uint32_t tx_id;     /* transaction, or 0 */
    uint32_t len;       /* bytes that follow, at most PAYLOAD_MAX */
};

enum xs_watch_type { XS_WATCH_PATH = 0, XS_WATCH_TOKEN };

#define XENSTORE_RING_SIZE 1024
typedef uint32_t XENSTORE_RING_IDX;
#define MASK_XENSTORE_IDX(idx) ((idx) & (XENSTORE_RING_SIZE - 1))

struct xenstore_domain_interface {
    char req[XENSTORE_RING_SIZE];           /* to the store */
    char rsp[XENSTORE_RING_SIZE];           /* replies, and watch events */
    XENSTORE_RING_IDX req_cons, req_prod;   /* guest moves req_prod... */
    XENSTORE_RING_IDX rsp_cons, rsp_prod;   /* ...and rsp_cons */
    uint32_t server_features;               /* XENSTORE_SERVER_FEATURE_* */
    uint32_t connection;                    /* CONNECTED or RECONNECT */
    uint32_t error;                         /* XENSTORE_ERROR_* */
};

/* A message beyond these limits makes the store drop the connection. */
#define XENSTORE_PAYLOAD_MAX 4096
#define XENSTORE_ABS_PATH_MAX 3072      /* with the final zero byte */
#define XENSTORE_REL_PATH_MAX 2048

#define XENSTORE_SERVER_FEATURE_RECONNECTION 1
#define XENSTORE_SERVER_FEATURE_ERROR 2     /* the error field is used */

#define XENSTORE_CONNECTED 0
#define XENSTORE_RECONNECT 1                /* guest asks, server answers 0 */

#define XENSTORE_ERROR_NONE 0
#define XENSTORE_ERROR_COMM 1       /* the connection is broken */
#define XENSTORE_ERROR_RINGIDX 2    /* an index makes no sense */
#define XENSTORE_ERROR_PROTO 3      /* a message makes no sense */

#endif /* XENIOS_XEN_IO_XS_WIRE_H */
