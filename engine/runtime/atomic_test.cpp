#include "engine/runtime/atomic_cases.h"

namespace brink::atomic_cases {
namespace {

INSTANTIATE_TEST_SUITE_P(Memories, Atomics, ::testing::Combine(::testing::ValuesIn(kForms), ::testing::Values(Runner{"interpreter", threads_config})),
                         name_of);

}  // namespace
}  // namespace brink::atomic_cases
