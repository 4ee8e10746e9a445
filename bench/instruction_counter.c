// A plugin for qemu-user that counts the instructions a program executes and prints the sum on standard error when it
// ends. What is declared here is the part of qemu's plugin interface, version 1, that it uses (qemu's documentation,
// "QEMU TCG Plugins"); Debian packages no header of it. The counter belongs to no thread: what several add at once may be lost.
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t PluginId;
struct qemu_plugin_tb;
enum { kAddU64 = 0 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
void qemu_plugin_register_vcpu_tb_trans_cb(PluginId id, void (*translated)(PluginId, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, int operation, void* counter, uint64_t amount);
void qemu_plugin_register_atexit_cb(PluginId id, void (*at_exit)(PluginId, void*), void* data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t executed;

static void translated(PluginId id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, kAddU64, &executed, qemu_plugin_tb_n_insns(block));
}

static void at_exit(PluginId id, void* data) {
  (void)id;
  (void)data;
  fprintf(stderr, "executed %" PRIu64 "\n", executed);
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id, const void* info, int argc, char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, at_exit, NULL);
  return 0;
}
