#include "engine/text/script.h"

#include <algorithm>

#include "engine/text/module_form.h"
#include "engine/text/vector_literal.h"

namespace brink::text {
namespace {

using Kind = ScriptValue::Kind;

struct ReferenceKeyword {
  std::string_view keyword;
  Kind kind;
};
constexpr ReferenceKeyword kReferences[] = {
    {"ref.null", Kind::RefNull}, {"ref.extern", Kind::RefExtern}, {"ref.host", Kind::RefHost},
    {"ref.func", Kind::RefFunc}, {"ref.any", Kind::RefAny},       {"ref.eq", Kind::RefEq},
    {"ref.i31", Kind::RefI31},   {"ref.struct", Kind::RefStruct}, {"ref.array", Kind::RefArray},
    {"ref.exn", Kind::RefExn},
};

struct AssertionKeyword {
  std::string_view keyword;
  Command::Kind kind;
};
// Assertions about a module: (keyword module "message").
constexpr AssertionKeyword kModuleAssertions[] = {
    {"assert_malformed", Command::Kind::AssertMalformed},
    {"assert_invalid", Command::Kind::AssertInvalid},
    {"assert_unlinkable", Command::Kind::AssertUnlinkable},
    {"assert_malformed_custom", Command::Kind::AssertMalformedCustom},
    {"assert_invalid_custom", Command::Kind::AssertInvalidCustom},
};

constexpr std::string_view kFieldKeywords[] = {"type", "rec",    "import", "func", "table", "memory",
                                               "tag",  "global", "export", "elem", "data",  "start"};

class ScriptParser {
 public:
  ScriptParser(const TokenList& list, FeatureSet features)
      : cursor_(list, 0, static_cast<u32>(list.tokens.size()) - 1), features_(features) {}

  Result<Script> parse() {
    Script script;
    if (std::any_of(std::begin(kFieldKeywords), std::end(kFieldKeywords),
                    [&](std::string_view keyword) { return cursor_.at_form(keyword); })) {
      Command command;
      command.position = position();
      ScriptModule module;
      module.position = command.position;
      module.assembled = assemble_fields(cursor_, features_);
      command.module = std::move(module);
      script.commands.push_back(std::move(command));
    }
    while (cursor_.ok() && !cursor_.at(TokenKind::End)) script.commands.push_back(parse_command());
    if (!cursor_.ok()) return std::unexpected(cursor_.take_error());
    return script;
  }

 private:
  Position position() {
    LineColumn where = cursor_.position();
    return {where.line, where.column};
  }

  std::string accept_id() {
    return cursor_.at(TokenKind::Id) ? decode_id(cursor_.text(cursor_.next())) : std::string();
  }

  Command parse_command() {
    Command command;
    command.position = position();
    if (!cursor_.at(TokenKind::LeftParen) || cursor_.peek(1).kind != TokenKind::Keyword) {
      if (cursor_.at(TokenKind::LeftParen)) cursor_.next();
      cursor_.fail_unexpected("a script command");
      return command;
    }
    if (cursor_.at_form("module")) {
      command.module = parse_module_form(cursor_, features_, true);
      return command;
    }
    if (cursor_.at_form("invoke") || cursor_.at_form("get")) {
      command.kind = Command::Kind::Action;
      command.action = parse_action();
      return command;
    }
    for (const AssertionKeyword& assertion : kModuleAssertions) {
      if (!cursor_.accept_form(assertion.keyword)) continue;
      command.kind = assertion.kind;
      parse_module(command);
      return finish_with_message(command);
    }
    if (cursor_.accept_form("register")) {
      command.kind = Command::Kind::Register;
      command.text = cursor_.expect_name("a module name");
      command.module_id = accept_id();
      cursor_.expect_right();
    } else if (cursor_.accept_form("assert_return")) {
      command.kind = Command::Kind::AssertReturn;
      command.action = parse_action();
      while (cursor_.at(TokenKind::LeftParen)) command.expected.push_back(parse_value(true, true));
      cursor_.expect_right();
    } else if (cursor_.accept_form("assert_trap")) {
      command.kind = Command::Kind::AssertTrap;
      if (cursor_.at_form("module")) parse_module(command);
      else command.action = parse_action();
      return finish_with_message(command);
    } else if (cursor_.accept_form("assert_exhaustion")) {
      command.kind = Command::Kind::AssertExhaustion;
      command.action = parse_action();
      return finish_with_message(command);
    } else if (cursor_.accept_form("assert_exception")) {
      command.kind = Command::Kind::AssertException;
      command.action = parse_action();
      cursor_.expect_right();
    } else if (cursor_.at_form("thread")) {
      parse_thread(command);
    } else if (cursor_.accept_form("wait")) {
      command.kind = Command::Kind::Wait;
      command.text = expect_id("a thread");
      cursor_.expect_right();
    } else {
      command.kind = Command::Kind::Unsupported;
      command.text = cursor_.text(cursor_.peek(1));
      cursor_.skip_form();
    }
    return command;
  }

  std::string expect_id(const char* what) {
    if (!cursor_.at(TokenKind::Id)) cursor_.fail_unexpected(what);
    return accept_id();
  }

  void parse_thread(Command& command) {
    if (is_in_thread_) return cursor_.fail_unexpected("a command that may stand in a thread");
    cursor_.accept_form("thread");
    command.kind = Command::Kind::Thread;
    command.text = expect_id("a thread's name");
    while (cursor_.accept_form("shared")) {
      while (cursor_.accept_form("module")) {
        command.shared_modules.push_back(expect_id("a module"));
        cursor_.expect_right();
      }
      cursor_.expect_right();
    }
    is_in_thread_ = true;
    while (cursor_.ok() && cursor_.at(TokenKind::LeftParen)) command.commands.push_back(parse_command());
    is_in_thread_ = false;
    cursor_.expect_right();
  }

  void parse_module(Command& command) {
    if (!cursor_.at_form("module")) return cursor_.fail_unexpected("(module");
    command.module = parse_module_form(cursor_, features_, true);
  }

  Command finish_with_message(Command& command) {
    command.text = cursor_.expect_string("a message");
    cursor_.expect_right();
    return std::move(command);
  }

  Action parse_action() {
    Action action;
    action.position = position();
    if (cursor_.accept_form("invoke")) {
      action.kind = Action::Kind::Invoke;
    } else if (cursor_.accept_form("get")) {
      action.kind = Action::Kind::Get;
    } else {
      cursor_.fail_unexpected("(invoke or (get");
      return action;
    }
    action.module = accept_id();
    action.field = cursor_.expect_name("an export name");
    while (action.kind == Action::Kind::Invoke && cursor_.at(TokenKind::LeftParen)) {
      action.arguments.push_back(parse_value(false, false));
    }
    cursor_.expect_right();
    return action;
  }

  // `pattern`: a result, where NaN patterns and references of any value may stand.
  ScriptValue parse_value(bool pattern, bool either_allowed) {
    ScriptValue value;
    cursor_.expect_left("a constant");
    if (cursor_.accept_keyword("i32.const")) {
      value.bits = cursor_.expect_integer(32, "i32");
    } else if (cursor_.accept_keyword("i64.const")) {
      value.kind = Kind::I64;
      value.bits = cursor_.expect_integer(64, "i64");
    } else if (cursor_.accept_keyword("f32.const")) {
      value.kind = Kind::F32;
      if (pattern) value.nan = accept_nan_pattern(cursor_);
      if (value.nan == ScriptValue::Nan::None) value.bits = cursor_.expect_f32();
    } else if (cursor_.accept_keyword("f64.const")) {
      value.kind = Kind::F64;
      if (pattern) value.nan = accept_nan_pattern(cursor_);
      if (value.nan == ScriptValue::Nan::None) value.bits = cursor_.expect_f64();
    } else if (cursor_.accept_keyword("v128.const")) {
      VectorLiteral literal = parse_vector_literal(cursor_, pattern);
      value.kind = Kind::V128;
      value.shape = literal.shape;
      value.v128 = literal.bytes;
      value.lane_nan = literal.lane_nan;
    } else if (either_allowed && cursor_.accept_keyword("either")) {
      value.kind = Kind::Either;
      while (cursor_.at(TokenKind::LeftParen)) value.alternatives.push_back(parse_value(pattern, false));
      if (value.alternatives.empty()) cursor_.fail_unexpected("an alternative");
    } else {
      parse_reference(value);
    }
    cursor_.expect_right();
    return value;
  }

  void parse_reference(ScriptValue& value) {
    for (const ReferenceKeyword& reference : kReferences) {
      if (!cursor_.accept_keyword(reference.keyword)) continue;
      value.kind = reference.kind;
      switch (value.kind) {
        case Kind::RefNull:
          value.has_value = cursor_.at(TokenKind::Keyword) || cursor_.at_index();
          if (value.has_value) value.heap = cursor_.text(cursor_.next());
          return;
        case Kind::RefExtern:
        case Kind::RefHost:
        case Kind::RefI31:
        case Kind::RefFunc:
          value.has_value = cursor_.at(TokenKind::Number);
          if (value.has_value) value.bits = cursor_.expect_unsigned(64, "a host value");
          return;
        default: return;
      }
    }
    cursor_.fail_unexpected("a constant");
  }

  Cursor cursor_;
  FeatureSet features_;
  bool is_in_thread_ = false;  // threads do not nest
};

}  // namespace

Result<Script> parse_script(std::string_view source, FeatureSet features) {
  Result<TokenList> list = tokenize(source);
  if (!list) return std::unexpected(std::move(list.error()));
  return ScriptParser(*list, features).parse();
}

}  // namespace brink::text
