#pragma once
#include <stddef.h>

long write(int descriptor, const void *data, size_t size);
