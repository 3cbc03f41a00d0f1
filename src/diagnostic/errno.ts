// Errno in words. The words avoid what engines look for in messages ("permission denied", "no such file or
// directory" ...): those belong to failures of the container's program alone.

/** Names and words by number; the native side has the same table (scripts/generate/diagnostic/diagnostics.ts). */
export const errnoTable = (): Readonly<Record<number, readonly [name: string, words: string]>> => ({
  1: ['EPERM', 'not allowed'],
  2: ['ENOENT', 'not there'],
  3: ['ESRCH', 'process is gone'],
  4: ['EINTR', 'interrupted'],
  5: ['EIO', 'input/output error'],
  6: ['ENXIO', 'no such device or address'],
  7: ['E2BIG', 'arguments too long'],
  8: ['ENOEXEC', 'unknown program format'],
  9: ['EBADF', 'bad descriptor'],
  10: ['ECHILD', 'no child process'],
  11: ['EAGAIN', 'a limit is reached, or try again'],
  12: ['ENOMEM', 'out of memory'],
  13: ['EACCES', 'access refused'],
  14: ['EFAULT', 'bad address'],
  15: ['ENOTBLK', 'no block device'],
  16: ['EBUSY', 'in use'],
  17: ['EEXIST', 'exists already'],
  18: ['EXDEV', 'leads to another mount'],
  19: ['ENODEV', 'unknown to this kernel'],
  20: ['ENOTDIR', 'part of the path is no directory'],
  21: ['EISDIR', 'unexpected directory'],
  22: ['EINVAL', 'invalid argument'],
  23: ['ENFILE', 'too many open files on the host'],
  24: ['EMFILE', 'too many open files'],
  25: ['ENOTTY', 'no terminal'],
  26: ['ETXTBSY', 'program file is being written'],
  27: ['EFBIG', 'file too big'],
  28: ['ENOSPC', 'no space left, or a limit is reached'],
  30: ['EROFS', 'read-only file system'],
  31: ['EMLINK', 'too many links'],
  32: ['EPIPE', 'nobody reads'],
  33: ['EDOM', 'out of domain'],
  34: ['ERANGE', 'out of range'],
  36: ['ENAMETOOLONG', 'name too long'],
  38: ['ENOSYS', 'kernel lacks the system call'],
  39: ['ENOTEMPTY', 'directory not empty'],
  40: ['ELOOP', 'symbolic link where none may be'],
  61: ['ENODATA', 'no data'],
  71: ['EPROTO', 'protocol error'],
  74: ['EBADMSG', 'malformed'],
  75: ['EOVERFLOW', 'value too large'],
  87: ['EUSERS', 'too many levels'],
  88: ['ENOTSOCK', 'no socket'],
  90: ['EMSGSIZE', 'message too long'],
  91: ['EPROTOTYPE', 'wrong type of socket'],
  95: ['EOPNOTSUPP', 'not supported'],
  97: ['EAFNOSUPPORT', 'address family not supported'],
  98: ['EADDRINUSE', 'address in use'],
  104: ['ECONNRESET', 'connection was reset'],
  105: ['ENOBUFS', 'no room in the kernel'],
  107: ['ENOTCONN', 'not connected'],
  110: ['ETIMEDOUT', 'timed out'],
  111: ['ECONNREFUSED', 'nobody listens'],
  116: ['ESTALE', 'stale handle'],
  121: ['EREMOTEIO', 'refused by the other side'],
  122: ['EDQUOT', 'quota exceeded'],
  125: ['ECANCELED', 'given up'],
  126: ['ENOKEY', 'key not there'],
  127: ['EKEYEXPIRED', 'key expired'],
  128: ['EKEYREVOKED', 'key revoked'],
});

/** Numbers that something depends on (errno(3)). */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EAGAIN: 11,
  EACCES: 13,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  ENOSYS: 38,
  ENODATA: 61,
  EOVERFLOW: 75,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  ESTALE: 116,
  EREMOTEIO: 121,
} as const;

/** Name of an errno (`EPERM`), or `errno N` for one that has none here. */
export function errnoName(number: number): string {
  return errnoTable()[number]?.[0] ?? `errno ${number}`;
}

/** Errno in plain words, or an empty text. */
export function errnoWords(number: number): string {
  return errnoTable()[number]?.[1] ?? '';
}
