// resize: an HTTP handler (CGI) that makes a PNG or JPEG image smaller or larger and answers with a PNG.
//
//   POST /?width=320            height follows from the image's shape
//   POST /?height=240           width follows
//   POST /?width=320&height=240 as large as fits into both, shape kept
//
// The image is the request's body. Nothing is believed: sizes are looked at before anything is decoded, so that a small
// file that claims to be huge costs nothing.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Decoding must give the same pixels wherever it runs, so no vector instructions of one machine.
#define STBI_NO_SIMD
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb_image_resize.h>
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

enum { kMaxFile = 8 << 20, kMaxPixels = 16 << 20, kMaxSide = 4096 };

static int refuse(int status, const char* reason, const char* text) {
  printf("Status: %d %s\nContent-Type: text/plain; charset=utf-8\n", status, reason);
  if (status == 405) printf("Allow: POST\n");
  printf("\n%s\n", text);
  return 0;
}

// The value of NAME=digits in a query string: 0 if it is not there, -1 if it is not a number from 1 to kMaxSide.
static int side_from_query(const char* query, const char* name) {
  size_t length = strlen(name);
  while (*query) {
    size_t part = strcspn(query, "&");
    if (part > length && strncmp(query, name, length) == 0 && query[length] == '=') {
      int value = 0;
      for (size_t i = length + 1; i < part; i++) {
        if (query[i] < '0' || query[i] > '9') return -1;
        value = value * 10 + (query[i] - '0');
        if (value > kMaxSide) return -1;
      }
      return value > 0 ? value : -1;
    }
    query += part;
    if (*query == '&') query++;
  }
  return 0;
}

// All of standard input; NULL if there is more than `limit` or no memory.
static uint8_t* read_body(size_t limit, size_t* size) {
  size_t capacity = 64 << 10;
  uint8_t* bytes = malloc(capacity);
  *size = 0;
  while (bytes) {
    size_t got = fread(bytes + *size, 1, capacity - *size, stdin);
    *size += got;
    if (got == 0) return bytes;
    if (*size < capacity) continue;
    if (capacity > limit) break;
    uint8_t* more = realloc(bytes, capacity *= 2);
    if (!more) break;
    bytes = more;
  }
  free(bytes);
  return NULL;
}

static int scaled(int side, int other_new, int other_old) {
  int64_t value = ((int64_t)side * other_new + other_old / 2) / other_old;
  return value < 1 ? 1 : value > kMaxSide ? kMaxSide : (int)value;
}

int main(void) {
  const char* method = getenv("REQUEST_METHOD");
  const char* query = getenv("QUERY_STRING");
  if (!method || strcmp(method, "POST") != 0) return refuse(405, "Method Not Allowed", "send an image by POST");
  int width = side_from_query(query ? query : "", "width");
  int height = side_from_query(query ? query : "", "height");
  if (width < 0 || height < 0 || (width == 0 && height == 0))
    return refuse(400, "Bad Request", "give width or height or both, from 1 to 4096");

  size_t size;
  uint8_t* file = read_body(kMaxFile, &size);
  if (!file || size > kMaxFile) return refuse(413, "Content Too Large", "an image may have up to 8 MiB");
  int old_width, old_height, channels;
  if (!stbi_info_from_memory(file, (int)size, &old_width, &old_height, &channels))
    return refuse(415, "Unsupported Media Type", "neither a PNG nor a JPEG image");
  if ((int64_t)old_width * old_height > kMaxPixels)
    return refuse(413, "Content Too Large", "an image may have up to 16 million pixels");
  uint8_t* old_pixels = stbi_load_from_memory(file, (int)size, &old_width, &old_height, &channels, 0);
  if (!old_pixels) return refuse(422, "Unprocessable Content", "a damaged image");
  free(file);

  if (width == 0) width = scaled(old_width, height, old_height);
  else if (height == 0) height = scaled(old_height, width, old_width);
  else if ((int64_t)width * old_height > (int64_t)height * old_width) width = scaled(old_width, height, old_height);
  else height = scaled(old_height, width, old_width);

  uint8_t* pixels = malloc((size_t)width * (size_t)height * (size_t)channels);
  int alpha = channels == 2 ? 1 : channels == 4 ? 3 : STBIR_ALPHA_CHANNEL_NONE;
  if (!pixels || !stbir_resize_uint8_srgb(old_pixels, old_width, old_height, 0, pixels, width, height, 0, channels, alpha, 0))
    return refuse(500, "Internal Server Error", "not enough memory");
  int png_size;
  uint8_t* png = stbi_write_png_to_mem(pixels, width * channels, width, height, channels, &png_size);
  if (!png) return refuse(500, "Internal Server Error", "not enough memory");

  printf("Content-Type: image/png\nContent-Length: %d\nX-Image-Size: %dx%d\n\n", png_size, width, height);
  fwrite(png, 1, (size_t)png_size, stdout);
  return fflush(stdout) != 0;
}
