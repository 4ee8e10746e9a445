/* Debian's Lua writes this header while it builds its packages; the guest and its native twin share this one. */
#pragma once
#define DEB_HOST_MULTIARCH "none"
