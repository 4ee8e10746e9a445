/* Included before every file of SQLite when it is compiled for WASI: what the C library there does not have. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One process owns the files: record locks always succeed (sqlite_fcntl in missing.c). */
#ifndef F_RDLCK
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#endif
int sqlite_fcntl(int fd, int command, ...);
#define fcntl sqlite_fcntl

/* Users, owners and permission bits do not exist. */
uid_t geteuid(void);
uid_t getuid(void);
int fchmod(int fd, mode_t mode);
int chmod(const char* path, mode_t mode);
int fchown(int fd, uid_t owner, gid_t group);
