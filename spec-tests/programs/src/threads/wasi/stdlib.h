#pragma once
#include <stddef.h>

void *malloc(size_t size);  // never freed
_Noreturn void exit(int code);
_Noreturn void abort(void);
