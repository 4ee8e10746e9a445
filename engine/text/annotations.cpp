// The annotations that end up in the binary module: @custom, @name (appendix, "Custom Sections") and
// @metadata.code.branch_hint (branch hinting proposal).
#include <algorithm>

#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

constexpr std::string_view kSectionNames[kSectionSlots] = {
    "type",   "import", "func", "table",     "memory", "tag",  "global",
    "export", "start",  "elem", "datacount", "code",   "data",
};

Token at_offset(u32 offset) { return {offset, 0, TokenKind::Reserved}; }

}  // namespace

// Those of the module, out of the whole script's.
void ModuleParser::find_annotations() {
  auto before = [](const Annotation& annotation, u32 index) { return annotation.before < index; };
  const auto& all = list_.annotations;
  auto first = std::lower_bound(all.begin(), all.end(), begin_, before);
  auto last = std::lower_bound(first, all.end(), end_ + 1, before);
  annotations_ = std::span(first, last);
  annotation_used_.resize(annotations_.size());
}

const Annotation* ModuleParser::take_annotation(u32 token_index, std::string_view name) {
  auto it = std::lower_bound(annotations_.begin(), annotations_.end(), token_index,
                             [](const Annotation& annotation, u32 index) { return annotation.before < index; });
  for (; it != annotations_.end() && it->before == token_index; ++it) {
    size_t position = static_cast<size_t>(it - annotations_.begin());
    if (it->name != name || annotation_used_[position]) continue;
    annotation_used_[position] = true;
    return &*it;
  }
  return nullptr;
}

std::optional<std::string> ModuleParser::take_name_annotation() {
  const Annotation* annotation = take_annotation(cursor_.index(), "name");
  if (!annotation) return {};
  Token here = at_offset(annotation->offset);
  if (annotation->tokens.size() != 1 || annotation->tokens[0].kind != TokenKind::String) {
    cursor_.fail_at(here, "@name annotation: unexpected token, expected one string");
    return {};
  }
  std::string name = decode_string(list_.text(annotation->tokens[0]));
  if (!is_valid_utf8(name)) cursor_.fail_at(here, "@name annotation: malformed UTF-8 encoding");
  if (const Annotation* second = take_annotation(cursor_.index(), "name")) {
    cursor_.fail_at(at_offset(second->offset), "@name annotation: multiple names");
  }
  return name;
}

std::optional<u8> ModuleParser::take_branch_hint(u32 token_index) {
  constexpr std::string_view kName = "metadata.code.branch_hint";
  if (!in_function_) return {};
  const Annotation* annotation = take_annotation(token_index, kName);
  if (!annotation) return {};
  std::string value;
  if (annotation->tokens.size() == 1 && annotation->tokens[0].kind == TokenKind::String) {
    value = decode_string(list_.text(annotation->tokens[0]));
  }
  if (value.size() != 1 || static_cast<u8>(value[0]) > 1) {
    cursor_.fail_at(at_offset(annotation->offset),
                    "@metadata.code.branch_hint annotation: expected one string of the byte 0 or 1");
    return {};
  }
  if (const Annotation* second = take_annotation(token_index, kName)) {
    cursor_.fail_at(at_offset(second->offset), "@metadata.code.branch_hint annotation: duplicate annotation");
  }
  return static_cast<u8>(value[0]);
}

// Those in front of the next token: (@custom "name" (before|after section)? "contents"*).
void ModuleParser::parse_custom_annotations() {
  const u32 token_index = cursor_.index();
  auto first = std::lower_bound(annotations_.begin(), annotations_.end(), token_index,
                                [](const Annotation& annotation, u32 index) { return annotation.before < index; });
  for (auto it = first; it != annotations_.end() && it->before == token_index; ++it) {
    if (it->name != "custom") continue;
    annotation_used_[static_cast<size_t>(it - annotations_.begin())] = true;
    parse_custom_annotation(*it);
  }
}

void ModuleParser::parse_custom_annotation(const Annotation& annotation) {
  const std::vector<Token>& tokens = annotation.tokens;
  Token here = at_offset(annotation.offset);
  size_t i = 0;
  if (tokens.empty() || tokens[0].kind != TokenKind::String) {
    return cursor_.fail_at(here, "@custom annotation: missing section name");
  }
  std::string name = decode_string(list_.text(tokens[i++]));
  if (!is_valid_utf8(name)) return cursor_.fail_at(here, "@custom annotation: malformed UTF-8 encoding");
  Placement placement;
  if (i < tokens.size() && tokens[i].kind == TokenKind::LeftParen) {
    auto text_at = [&](size_t index) { return index < tokens.size() ? list_.text(tokens[index]) : std::string_view(); };
    std::string_view side = text_at(i + 1), section = text_at(i + 2);
    if (side != "before" && side != "after") {
      return cursor_.fail_at(here, "@custom annotation: malformed placement");
    }
    placement.after = side == "after";
    const auto* known = std::find(std::begin(kSectionNames), std::end(kSectionNames), section);
    if (known != std::end(kSectionNames)) {
      placement.anchor = static_cast<i32>(known - std::begin(kSectionNames));
    } else if (section == "first" && !placement.after) {
      placement.anchor = Placement::kFirst;
    } else if (section == "last" && placement.after) {
      placement.anchor = Placement::kLast;
    } else {
      return cursor_.fail_at(here, "@custom annotation: malformed section kind");
    }
    if (text_at(i + 3) != ")") return cursor_.fail_at(here, "@custom annotation: unexpected token");
    i += 4;
  }
  std::string contents;
  for (; i < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::String) {
      return cursor_.fail_at(here, "@custom annotation: unexpected token");
    }
    contents += decode_string(list_.text(tokens[i]));
  }
  encoder_.add_custom(placement, name, contents);
}

// Whatever nothing asked for stands where it means nothing.
void ModuleParser::check_annotations() {
  for (size_t i = 0; i < annotations_.size(); ++i) {
    const Annotation& annotation = annotations_[i];
    if (annotation_used_[i]) continue;
    std::string message = "misplaced @" + annotation.name + " annotation";
    if (annotation.name == "metadata.code.branch_hint") {
      message = "@metadata.code.branch_hint annotation: not in a function, or not in front of an instruction";
    }
    return cursor_.fail_at(at_offset(annotation.offset), std::move(message));
  }
}

}  // namespace brink::text
