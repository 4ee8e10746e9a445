#include "tools/tier_option.h"

#include <CLI/CLI.hpp>

#ifdef BRINK_JIT
#include "jit/jit.h"
#endif

namespace brink::tools {

void add_tier_option(CLI::App& app, std::string& tier) {
  app.add_option("--tier", tier, "interp (the default), or jit: compile every function to machine code at its first call")
      ->allow_extra_args(false)
      ->type_name("")
      ->check(CLI::IsMember({"interp", "jit"}));
}

Result<void> set_tier(Config& config, const std::string& tier) {
  if (tier != "jit") return {};
  if (!config.quicken) return fail(ErrorKind::Usage, "--tier jit and --no-quicken exclude each other");
#ifdef BRINK_JIT
  auto compiler = jit::make_compiler();
  if (!compiler) return std::unexpected(std::move(compiler.error()));
  config.compiler = std::move(*compiler);
  return {};
#else
  return fail(ErrorKind::Unsupported, "this build of brink compiles no machine code");
#endif
}

}  // namespace brink::tools
