#include "engine/text/lexer.h"

#include <gtest/gtest.h>

namespace brink::text {
namespace {

// "kind:text" of each token but the last.
std::vector<std::string> tokens_of(std::string_view source) {
  auto list = tokenize(source);
  if (!list) return {"error " + list.error().to_string()};
  std::vector<std::string> result;
  for (const Token& token : list->tokens) {
    constexpr const char* kKinds[] = {"end", "(", ")", "id", "string", "keyword", "number", "reserved"};
    if (token.kind == TokenKind::End) break;
    result.push_back(std::string(kKinds[static_cast<int>(token.kind)]) + ":" + std::string(list->text(token)));
  }
  return result;
}

std::string error_of(std::string_view source) {
  auto list = tokenize(source);
  return list ? "no error" : list.error().to_string();
}

using Strings = std::vector<std::string>;

TEST(Lexer, TellsTheKindsOfTokensApart) {
  EXPECT_EQ(tokens_of("(module $a \"s\" nop 12 -0x1p3 +inf i32.const)"),
            (Strings{"(:(", "keyword:module", "id:$a", "string:\"s\"", "keyword:nop", "number:12", "number:-0x1p3",
                     "number:+inf", "keyword:i32.const", "):)"}));
}

TEST(Lexer, ParenthesesAndCommentsSeparateTokensAndNothingElseDoes) {
  EXPECT_EQ(tokens_of("nop(nop)nop"), (Strings{"keyword:nop", "(:(", "keyword:nop", "):)", "keyword:nop"}));
  EXPECT_EQ(tokens_of("a;;b\nc(;d;)e"), (Strings{"keyword:a", "keyword:c", "keyword:e"}));
  EXPECT_EQ(tokens_of("0$l"), (Strings{"number:0$l"}));
  EXPECT_EQ(tokens_of("data\"a\""), (Strings{"reserved:data\"a\""}));
  EXPECT_EQ(tokens_of("\"a\"\"b\""), (Strings{"reserved:\"a\"\"b\""}));
  EXPECT_EQ(tokens_of("$\"l\"0"), (Strings{"reserved:$\"l\"0"}));
  EXPECT_EQ(tokens_of("a,b [c]"), (Strings{"reserved:a,b", "reserved:[c]"}));
}

TEST(Lexer, CommentsNestAndEndLinesInEveryWay) {
  EXPECT_EQ(tokens_of("(; a (; b ;) c ;)x"), (Strings{"keyword:x"}));
  EXPECT_EQ(tokens_of(";; a\rx ;; b\r\ny ;; c\nz"), (Strings{"keyword:x", "keyword:y", "keyword:z"}));
  EXPECT_EQ(error_of("x\n (; (; ;)"), "line 2:2: unclosed comment");
}

TEST(Lexer, DecodesStrings) {
  EXPECT_EQ(decode_string(R"("a\t\n\r\"\'\\\00\fF\u{7f}\u{1_F600}")"),
            std::string("a\t\n\r\"'\\\0\xff\x7f\xF0\x9F\x98\x80", 14));
  EXPECT_EQ(decode_id("$ab"), "ab");
  EXPECT_EQ(decode_id(R"($"a\62")"), "ab");
}

TEST(Lexer, RefusesBadStrings) {
  EXPECT_EQ(error_of("  \"abc"), "line 1:3: unclosed string");
  EXPECT_EQ(error_of("\"a\nb\""), "line 1:3: unclosed string");
  EXPECT_EQ(error_of("\"a\tb\""), "line 1:3: illegal character in string");
  EXPECT_EQ(error_of("\"\\z\""), "line 1:2: illegal escape");
  EXPECT_EQ(error_of("\"\\u{d800}\""), "line 1:2: illegal escape: no Unicode scalar value");
  EXPECT_EQ(error_of("\"\\u{110000}\""), "line 1:2: illegal escape: no Unicode scalar value");
  EXPECT_EQ(error_of("\"\\u{_1}\""), "line 1:2: illegal escape");
  EXPECT_EQ(error_of("\"\\u{1_}\""), "line 1:2: illegal escape: no Unicode scalar value");
}

TEST(Lexer, RefusesBadIdentifiers) {
  EXPECT_EQ(error_of("(func $)"), "line 1:7: empty identifier");
  EXPECT_EQ(error_of("(func $\"\")"), "line 1:7: empty identifier");
  EXPECT_EQ(error_of("(func $\"\\ef\")"), "line 1:7: malformed UTF-8 encoding");
}

TEST(Lexer, RefusesBadCharactersWithTheirPosition) {
  EXPECT_EQ(error_of("a\n b \x01"), "line 2:4: illegal character");
  EXPECT_EQ(error_of("\xC3\xA4"), "line 1:1: illegal character");
  EXPECT_EQ(error_of(";; \xC3\xA4 is one column\n(; \xFF"), "line 2:4: malformed UTF-8 encoding");
  EXPECT_EQ(error_of("(;\xC3\xA4;) \x02"), "line 1:7: illegal character");
}

TEST(Lexer, SetsKnownAnnotationsAsideAndDropsOthers) {
  auto list = tokenize("a (@other (x) \")\" , ;) b (@custom \"n\" (after type)) c (@\"name\" \"x\")");
  ASSERT_TRUE(list) << list.error().to_string();
  ASSERT_EQ(list->tokens.size(), 4u);
  ASSERT_EQ(list->annotations.size(), 2u);
  EXPECT_EQ(list->annotations[0].name, "custom");
  EXPECT_EQ(list->annotations[0].before, 2u);
  EXPECT_EQ(list->annotations[0].tokens.size(), 5u);
  EXPECT_EQ(list->annotations[1].name, "name");
  EXPECT_EQ(list->annotations[1].before, 3u);
}

TEST(Lexer, RefusesBadAnnotations) {
  EXPECT_EQ(error_of("(@)"), "line 1:1: empty annotation id");
  EXPECT_EQ(error_of("(@ x)"), "line 1:1: empty annotation id");
  EXPECT_EQ(error_of("(@\"\")"), "line 1:1: empty annotation id");
  EXPECT_EQ(error_of("\n(@x (y (z))"), "line 2:1: unclosed annotation");
  EXPECT_EQ(error_of("(@x \")"), "line 1:5: unclosed string");
}

TEST(Lexer, NestingOfCommentsAndAnnotationsHasNoLimit) {
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "(;";
  for (int i = 0; i < 200000; ++i) deep += ";)";
  EXPECT_EQ(tokens_of(deep + "x"), (Strings{"keyword:x"}));
  std::string annotation = "(@a " + std::string(200000, '(') + std::string(200000, ')') + ") x";
  EXPECT_EQ(tokens_of(annotation), (Strings{"keyword:x"}));
}

TEST(LineColumns, GoesForthAndBack) {
  auto list = tokenize("ab\n\xC3\xA4 (;\xC3\xA4;) c\r\nd");
  ASSERT_FALSE(list);  // ä is no token, but:
  auto good = tokenize("ab\n(;\xC3\xA4;) c\r\nd");
  ASSERT_TRUE(good);
  LineColumns positions(*good);
  for (u32 offset : {0u, 10u, 13u, 10u, 1u, 13u}) {
    LineColumn expected = good->position(offset);
    LineColumn found = positions.at(offset);
    EXPECT_EQ(found.line, expected.line) << offset;
    EXPECT_EQ(found.column, expected.column) << offset;
  }
  EXPECT_EQ(good->position(10).line, 2u);
  EXPECT_EQ(good->position(10).column, 7u);
  EXPECT_EQ(good->position(13).line, 3u);
  EXPECT_EQ(good->position(13).column, 1u);
}

}  // namespace
}  // namespace brink::text
