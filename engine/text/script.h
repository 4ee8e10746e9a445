// The test suite's script format (.wast): a list of commands over modules.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <variant>

#include "engine/text/parser.h"

namespace brink::text {

struct Position {
  u32 line = 0;
  u32 column = 0;
};

struct ScriptModule {
  enum class Form : u8 { Text, Binary, Quote };
  Form form = Form::Text;
  std::string id;              // without the $, empty where there is none
  bool is_definition = false;  // (module definition …): compiled, not instantiated
  // (module instance $id $definition)
  bool is_instance = false;
  std::string definition;
  Position position;
  // Text and Quote: assembled or refused when the script is parsed; a refusal is no error of the script
  // (assert_malformed wants it). Binary: the bytes as they stand.
  Result<AssembledModule> assembled;
};

// A constant given to an invocation, or a pattern for a result.
struct ScriptValue {
  enum class Kind : u8 {
    I32,
    I64,
    F32,
    F64,
    V128,
    RefNull,
    RefExtern,
    RefHost,
    RefFunc,
    RefAny,
    RefEq,
    RefI31,
    RefStruct,
    RefArray,
    RefExn,
    Either
  };
  enum class Nan : u8 { None, Canonical, Arithmetic };
  enum class Shape : u8 { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 };
  Kind kind = Kind::I32;
  u64 bits = 0;                // numbers; RefExtern, RefHost: the host value; RefI31
  bool has_value = false;      // RefExtern: a value was given; RefNull: a heap type was given
  std::string heap;            // RefNull: the heap type's keyword
  Nan nan = Nan::None;         // F32, F64 results
  Shape shape = Shape::I8x16;  // V128
  std::array<u8, 16> v128{};
  std::array<Nan, 4> lane_nan{};          // V128 results: by lane (four for f32x4, two for f64x2)
  std::vector<ScriptValue> alternatives;  // Either
};

struct Action {
  enum class Kind : u8 { Invoke, Get };
  Kind kind = Kind::Invoke;
  std::string module;  // id without $, empty: the latest
  std::string field;   // UTF-8
  std::vector<ScriptValue> arguments;
  Position position;
};

struct Command {
  enum class Kind : u8 {
    Module,
    Register,
    Action,
    AssertReturn,
    AssertTrap,  // of an action, or (module given) of an instantiation
    AssertExhaustion,
    AssertException,
    AssertMalformed,
    AssertInvalid,
    AssertUnlinkable,
    AssertMalformedCustom,
    AssertInvalidCustom,
    Thread,       // (thread $t (shared (module $m))* command*), of the threads proposal's scripts
    Wait,         // (wait $t): until the thread has ended
    Unsupported,  // a command this version does not run: `text` names it
  };
  Kind kind = Kind::Module;
  Position position;
  std::optional<ScriptModule> module;
  std::optional<Action> action;
  std::vector<ScriptValue> expected;        // AssertReturn
  std::string text;                         // expected message, registered name, thread, or the unsupported command
  std::string module_id;                    // Register: which instance, empty: the latest
  std::vector<std::string> shared_modules;  // Thread: instances whose shared memories it may use
  std::vector<Command> commands;            // Thread
};

struct Script {
  std::vector<Command> commands;
};

// An error is a mistake of the script's own syntax.
Result<Script> parse_script(std::string_view source, FeatureSet features);

}  // namespace brink::text
