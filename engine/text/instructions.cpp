// Instructions (specification, section 6.5): plain, structured and folded ones, on an explicit stack of open forms.
//
// A folded operator stands in front of its operands in the text and behind them in the binary: its bytes wait in
// pending_ until its parenthesis closes.
#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

const std::unordered_map<std::string_view, Op>& op_by_keyword() {
  static const auto* map = [] {
    auto* all = new std::unordered_map<std::string_view, Op>;
    // Of several instructions with one keyword (select, ref.test, ref.cast), the first stands for all.
    for (u32 i = 0; i < kOpCount; ++i) all->emplace(kOpInfo[i].text(), static_cast<Op>(i));
    return all;
  }();
  return *map;
}

bool is_block(Op op) {
  return op == Op::Block || op == Op::Loop || op == Op::If || op == Op::TryTable || op == Op::Try;
}

// Instructions that only continue or close a block.
bool is_block_part(Op op) {
  return op == Op::Else || op == Op::End || op == Op::Catch || op == Op::CatchAll || op == Op::Delegate;
}

}  // namespace

void ModuleParser::parse_expression(CodeWriter& out) {
  parse_instructions(out, false);
  out.mark(cursor_.peek().offset);
  put_opcode(out, Op::End);
}

void ModuleParser::parse_folded_expression(CodeWriter& out) {
  if (!cursor_.at(TokenKind::LeftParen)) return cursor_.fail_unexpected("an instruction in parentheses");
  parse_instructions(out, true);
  put_opcode(out, Op::End);
}

// Stops in front of the closing parenthesis of whatever holds the instructions, or behind one folded instruction.
void ModuleParser::parse_instructions(CodeWriter& out, bool one_folded) {
  do {
    switch (cursor_.peek().kind) {
      case TokenKind::LeftParen: open_form(out); break;
      case TokenKind::RightParen:
        if (frames_.empty()) return;
        close_form(out);
        break;
      case TokenKind::Keyword: parse_plain(out); break;
      case TokenKind::End:
        if (frames_.empty()) return;
        [[fallthrough]];
      default: cursor_.fail_unexpected("an instruction");
    }
  } while (cursor_.ok() && !(one_folded && frames_.empty()));
}

std::optional<Op> ModuleParser::take_opcode(bool may_be_part) {
  std::optional<Op> op;
  if (cursor_.at(TokenKind::Keyword)) {
    auto it = op_by_keyword().find(cursor_.text(cursor_.peek()));
    if (it != op_by_keyword().end()) op = it->second;
  }
  if (!op || (is_block_part(*op) && !may_be_part)) return cursor_.fail_unexpected("an instruction"), std::nullopt;
  Token keyword = cursor_.next();
  if (!is_enabled(*op, features_) && !require(op_info(*op).feature, keyword, op_info(*op).text())) return {};
  return op;
}

std::optional<u8> ModuleParser::take_hint_for(Op op, u32 token_index) {
  std::optional<u8> hint = take_branch_hint(token_index);
  if (hint && op != Op::If && op != Op::BrIf) {
    cursor_.fail_at(list_.tokens[token_index], "@metadata.code.branch_hint annotation: invalid target",
                    ErrorKind::Invalid);
  }
  return hint;
}

void ModuleParser::mark_instruction(CodeWriter& out, u32 source, std::optional<u8> hint) {
  out.mark(source);
  if (hint) hints_.push_back({static_cast<u32>(out.size()), *hint});
}

void ModuleParser::flush_pending(CodeWriter& out, const Frame& frame) {
  mark_instruction(out, frame.source, frame.hint);
  out.put_bytes(pending_.data() + frame.pending, pending_.size() - frame.pending);
  pending_.resize(frame.pending);
}

void ModuleParser::open_form(CodeWriter& out) {
  if (!frames_.empty()) {
    Frame& top = frames_.back();
    if (top.kind == Frame::Kind::FoldedTry) return open_try_clause(out);
    if (top.kind == Frame::Kind::FoldedIf &&
        (top.stage != Frame::Stage::Start || cursor_.at_form("then") || cursor_.at_form("else"))) {
      return open_if_clause(out);
    }
  }
  u32 left = cursor_.index();
  cursor_.next();
  Token keyword = cursor_.peek();
  std::optional<Op> op = take_opcode(false);
  if (!op) return;
  std::optional<u8> hint = take_hint_for(*op, left);
  if (!hint) hint = take_hint_for(*op, left + 1);

  Frame frame;
  frame.op = *op;
  frame.source = keyword.offset;
  frame.hint = hint;
  frame.pending = pending_.size();
  if (is_block(*op) && *op != Op::If) {
    mark_instruction(out, keyword.offset, {});
    begin_block(out, *op);
    frame.kind = *op == Op::Try ? Frame::Kind::FoldedTry : Frame::Kind::FoldedBlock;
  } else {
    ByteWriter bytes;
    if (*op == Op::If) {
      frame.kind = Frame::Kind::FoldedIf;
      frame.label = parse_label();
    } else {
      frame.kind = Frame::Kind::FoldedOperator;
    }
    put_instruction(bytes, *op);
    pending_.insert(pending_.end(), bytes.bytes().begin(), bytes.bytes().end());
  }
  frames_.push_back(std::move(frame));
}

// (if label? type condition* (then …) (else …)?)
void ModuleParser::open_if_clause(CodeWriter& out) {
  Frame& top = frames_.back();
  Token left = cursor_.peek();
  if (top.stage == Frame::Stage::Start && cursor_.accept_form("then")) {
    flush_pending(out, top);
    push_label(top.label);
    top.stage = Frame::Stage::First;
  } else if (top.stage == Frame::Stage::First && cursor_.accept_form("else")) {
    mark_instruction(out, left.offset, {});
    put_opcode(out, Op::Else);
    top.stage = Frame::Stage::Second;
  } else {
    cursor_.next();
    return cursor_.fail_unexpected("(then …) and at most one (else …)");
  }
  Frame clause;
  clause.kind = Frame::Kind::Clause;
  frames_.push_back(std::move(clause));
}

// (try label? type (do …) (catch tag …)* (catch_all …)?) or (try label? type (do …) (delegate label))
void ModuleParser::open_try_clause(CodeWriter& out) {
  Frame& top = frames_.back();
  Token left = cursor_.peek();
  if (top.stage == Frame::Stage::Start && cursor_.accept_form("do")) {
    top.stage = Frame::Stage::First;
  } else if (top.stage == Frame::Stage::First && cursor_.accept_form("catch")) {
    mark_instruction(out, left.offset, {});
    put_instruction(out, Op::Catch);
  } else if (top.stage == Frame::Stage::First && cursor_.accept_form("catch_all")) {
    mark_instruction(out, left.offset, {});
    put_opcode(out, Op::CatchAll);
    top.stage = Frame::Stage::Second;
  } else if (top.stage == Frame::Stage::First && cursor_.accept_form("delegate")) {
    pop_label();
    mark_instruction(out, left.offset, {});
    put_instruction(out, Op::Delegate);
    top.stage = Frame::Stage::Delegated;
    return cursor_.expect_right();
  } else {
    cursor_.next();
    return cursor_.fail_unexpected("(do …), (catch …), (catch_all …) or (delegate …) in this order");
  }
  Frame clause;
  clause.kind = Frame::Kind::Clause;
  frames_.push_back(std::move(clause));
}

void ModuleParser::close_form(CodeWriter& out) {
  Frame& top = frames_.back();
  u32 source = cursor_.peek().offset;
  switch (top.kind) {
    case Frame::Kind::Block: return cursor_.fail_unexpected("end");
    case Frame::Kind::FoldedOperator: flush_pending(out, top); break;
    case Frame::Kind::FoldedBlock: end_block(out, source); break;
    case Frame::Kind::FoldedIf:
      if (top.stage == Frame::Stage::Start) return cursor_.fail_unexpected("(then");
      end_block(out, source);
      break;
    case Frame::Kind::FoldedTry:
      if (top.stage == Frame::Stage::Start) return cursor_.fail_unexpected("(do");
      if (top.stage != Frame::Stage::Delegated) end_block(out, source);
      break;
    case Frame::Kind::Clause: break;
  }
  cursor_.next();
  frames_.pop_back();
}

void ModuleParser::begin_block(CodeWriter& out, Op op) {
  Label label = parse_label();
  put_instruction(out, op);
  push_label(label);
}

void ModuleParser::end_block(CodeWriter& out, u32 source) {
  out.mark(source);
  put_opcode(out, Op::End);
  pop_label();
}

void ModuleParser::parse_plain(CodeWriter& out) {
  Frame* top = frames_.empty() ? nullptr : &frames_.back();
  if (top && (top->kind == Frame::Kind::FoldedOperator || top->kind == Frame::Kind::FoldedIf ||
              top->kind == Frame::Kind::FoldedTry)) {
    return cursor_.fail_unexpected("'(' or ')'");
  }
  u32 index = cursor_.index();
  Token keyword = cursor_.peek();
  std::optional<Op> op = take_opcode(top != nullptr);
  if (!op) return;
  std::optional<u8> hint = take_hint_for(*op, index);
  if (!is_block_part(*op)) {
    mark_instruction(out, keyword.offset, hint);
    if (!is_block(*op)) return put_instruction(out, *op);
    begin_block(out, *op);
    Frame frame;
    frame.op = *op;
    frame.source = keyword.offset;
    return frames_.push_back(std::move(frame));
  }
  bool in_block = top && top->kind == Frame::Kind::Block;
  bool in_try = in_block && top->op == Op::Try;
  using Stage = Frame::Stage;
  if (*op == Op::End && in_block) {
    check_end_label();
    end_block(out, keyword.offset);
    frames_.pop_back();
  } else if (*op == Op::Else && in_block && top->op == Op::If && top->stage == Stage::Start) {
    check_end_label();
    top->stage = Stage::Second;
    mark_instruction(out, keyword.offset, {});
    put_opcode(out, *op);
  } else if ((*op == Op::Catch || *op == Op::CatchAll) && in_try && top->stage != Stage::Second) {
    top->stage = *op == Op::Catch ? Stage::First : Stage::Second;
    mark_instruction(out, keyword.offset, {});
    put_instruction(out, *op);
  } else if (*op == Op::Delegate && in_try && top->stage == Stage::Start) {
    pop_label();
    mark_instruction(out, keyword.offset, {});
    put_instruction(out, *op);
    frames_.pop_back();
  } else {
    cursor_.fail_at(keyword, "unexpected token " + std::string(cursor_.text(keyword)) + ", no such block is open");
  }
}

ModuleParser::Label ModuleParser::parse_label() {
  Label label;
  IndexedNames shown;
  label.id = parse_binding(&shown, 0);
  if (!shown.empty()) label.shown = std::move(shown[0]);
  return label;
}

void ModuleParser::push_label(const Label& label) {
  if (label.id) label_depths_[*label.id].push_back(static_cast<u32>(labels_.size()));
  if (in_function_ && label.shown) encoder_.names().labels[function_index_][block_count_] = *label.shown;
  ++block_count_;
  labels_.push_back(label);
}

void ModuleParser::pop_label() {
  if (labels_.back().id) {
    auto it = label_depths_.find(*labels_.back().id);
    it->second.pop_back();
    if (it->second.empty()) label_depths_.erase(it);
  }
  labels_.pop_back();
}

// The identifier that else and end may repeat.
void ModuleParser::check_end_label() {
  if (!cursor_.at(TokenKind::Id)) return;
  if (labels_.back().id != decode_id(cursor_.text(cursor_.peek()))) {
    return cursor_.fail("mismatching label " + std::string(cursor_.text(cursor_.peek())));
  }
  cursor_.next();
}

}  // namespace brink::text
