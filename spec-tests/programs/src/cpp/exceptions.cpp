// C++ exceptions in every shape that a compiler lowers differently: types and bases, values of several sizes,
// rethrowing, throwing while unwinding, destructors, constructors that fail, virtual and indirect calls, exception_ptr,
// nested exceptions, noexcept, exceptions of the library, and thousands in a loop. Each line printed says what happened
// and when.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace {

int living = 0;

// Reports its end, so that the order of destructors during unwinding is seen.
struct Tracer {
  explicit Tracer(const char* tracer_name) : name(tracer_name) { ++living; }
  Tracer(const Tracer& other) : name(other.name) { ++living; }
  ~Tracer() {
    --living;
    std::printf("  ~%s%s\n", name, std::uncaught_exceptions() > 0 ? " while unwinding" : "");
  }
  const char* name;
};

struct Base {
  virtual ~Base() = default;
  virtual const char* name() const { return "Base"; }
};
struct Left : virtual Base {
  const char* name() const override { return "Left"; }
  int left = 11;
};
struct Right : virtual Base {
  const char* name() const override { return "Right"; }
  int right = 22;
};
struct Both : Left, Right {
  const char* name() const override { return "Both"; }
  int both = 33;
};

struct Big {
  std::array<std::uint64_t, 64> words;
  std::string text;
};

enum class Colour : std::uint8_t { Red = 3, Green = 200 };

void throw_kind(int kind) {
  switch (kind) {
    case 0: throw 42;
    case 1: throw 42u;
    case 2: throw -7LL;
    case 3: throw 2.5;
    case 4: throw "a literal";
    case 5: throw std::string("a string");
    case 6: throw Colour::Green;
    case 7: throw Both();
    case 8: throw Right();
    case 9: throw std::out_of_range("a range");
    case 10: throw static_cast<const Base*>(nullptr);
    case 11: throw nullptr;
    case 12: {
      Big big{{}, "big"};
      for (std::size_t i = 0; i < big.words.size(); ++i) big.words[i] = i * i;
      throw big;
    }
    case 13: throw std::pair<int, char>(5, 'x');
    case 14: throw &living;
    default: return;
  }
}

void catch_kinds() {
  for (int kind = 0; kind <= 15; ++kind) {
    std::printf("kind %d: ", kind);
    try {
      throw_kind(kind);
      std::puts("nothing thrown");
    } catch (int value) {
      std::printf("int %d\n", value);
    } catch (unsigned value) {
      std::printf("unsigned %u\n", value);
    } catch (long long value) {
      std::printf("long long %lld\n", value);
    } catch (const double& value) {
      std::printf("double %g\n", value);
    } catch (const char* text) {
      std::printf("literal %s\n", text);
    } catch (const std::string& text) {
      std::printf("string %s\n", text.c_str());
    } catch (Colour colour) {
      std::printf("colour %d\n", static_cast<int>(colour));
    } catch (const Left& left) {
      std::printf("left part of %s, %d\n", left.name(), left.left);
    } catch (Base& base) {
      std::printf("base part of %s\n", base.name());
    } catch (const std::logic_error& error) {
      std::printf("logic error %s\n", error.what());
    } catch (const Base* pointer) {
      std::printf("pointer, null: %d\n", pointer == nullptr);
    } catch (const Big& big) {
      std::uint64_t sum = 0;
      for (std::uint64_t word : big.words) sum += word;
      std::printf("big %s %llu\n", big.text.c_str(), static_cast<unsigned long long>(sum));
    } catch (std::pair<int, char>& pair) {
      std::printf("pair %d %c\n", pair.first, pair.second);
    } catch (...) {
      std::puts("something else");
    }
  }
}

// --- Unwinding -------------------------------------------------------------------------------------------------------

void descend(int depth) {
  static const char* const kNames[] = {"frame 0", "frame 1", "frame 2", "frame 3"};
  Tracer tracer(kNames[depth]);
  if (depth == 0) throw std::runtime_error("the bottom");
  descend(depth - 1);
  std::puts("not reached");
}

void unwind_frames() {
  Tracer outer("outer");
  try {
    descend(3);
  } catch (const std::exception& error) {
    std::printf("caught %s, %d living\n", error.what(), living);
  }
}

struct Part {
  explicit Part(int number) : tracer("part"), id(number) {
    if (number == 3) throw number;
    std::printf("part %d made\n", number);
  }
  Tracer tracer;
  int id;
};

struct Whole {
  Whole() : first(1), second(2), third(3) {}
  Part first, second, third;
};

struct GuardedWhole {
  GuardedWhole() try : inner() {
  } catch (int number) {
    std::printf("constructor's handler got %d\n", number);
    throw std::runtime_error("no whole");
  }
  Whole inner;
};

void failing_constructors() {
  try {
    GuardedWhole whole;
  } catch (const std::runtime_error& error) {
    std::printf("caught %s, %d living\n", error.what(), living);
  }
  try {
    std::vector<Part> parts;
    parts.reserve(4);
    for (int i = 1; i <= 4; ++i) parts.emplace_back(i);
  } catch (int number) {
    std::printf("vector: caught %d, %d living\n", number, living);
  }
  try {
    auto array = std::unique_ptr<Part[]>(new Part[3]{Part(4), Part(5), Part(3)});
  } catch (int number) {
    std::printf("array: caught %d, %d living\n", number, living);
  }
}

// A destructor that throws and catches while another exception is in flight.
struct Busy {
  ~Busy() {
    try {
      throw std::string("inner");
    } catch (const std::string& text) {
      std::printf("  destructor caught %s, %d in flight\n", text.c_str(), std::uncaught_exceptions());
    }
  }
};

void throw_while_unwinding() {
  try {
    Busy first;
    Busy second;
    throw std::string("outer");
  } catch (const std::string& text) {
    std::printf("caught %s, %d in flight\n", text.c_str(), std::uncaught_exceptions());
  }
}

// --- Rethrowing, nested handlers -------------------------------------------------------------------------------------

void classify() {
  try {
    throw;
  } catch (const std::invalid_argument& error) {
    std::printf("classified invalid argument: %s\n", error.what());
  } catch (const std::exception& error) {
    std::printf("classified exception: %s\n", error.what());
  } catch (...) {
    std::puts("classified other");
  }
}

void rethrow() {
  for (int kind : {0, 1, 2}) {
    try {
      if (kind == 0) throw std::invalid_argument("argument");
      if (kind == 1) throw std::length_error("length");
      throw 'c';
    } catch (...) {
      classify();
    }
  }
  try {
    try {
      try {
        throw Both();
      } catch (Right& right) {
        right.right = 23;
        throw;  // the same object, with the change, and not sliced
      }
    } catch (Base& base) {
      std::printf("passing on %s\n", base.name());
      throw;
    }
  } catch (Both& both) {
    std::printf("whole again: %d %d %d\n", both.left, both.right, both.both);
  }
  try {
    try {
      throw 1;
    } catch (int first) {
      try {
        throw first + 1;
      } catch (int second) {
        std::printf("nested %d in %d\n", second, first);
      }
      std::printf("still %d\n", first);
      throw first + 100;
    }
  } catch (int number) {
    std::printf("replaced by %d\n", number);
  }
}

void throw_deeper(int level) {
  try {
    if (level == 0) throw std::runtime_error("cause");
    throw_deeper(level - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(level)));
  }
}

void print_nested(const std::exception& error, int indent = 0) {
  std::printf("%*s%s\n", indent, "", error.what());
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    print_nested(inner, indent + 1);
  }
}

void exception_pointers() {
  std::vector<std::exception_ptr> kept;
  for (int kind : {0, 5, 7, 9, 12}) {
    try {
      throw_kind(kind);
    } catch (...) {
      kept.push_back(std::current_exception());
    }
  }
  kept.push_back(std::make_exception_ptr(std::domain_error("made")));
  std::reverse(kept.begin(), kept.end());
  for (int round = 0; round < 2; ++round)
    for (const std::exception_ptr& pointer : kept) {
      try {
        std::rethrow_exception(pointer);
      } catch (int value) {
        std::printf("kept int %d\n", value);
      } catch (const std::string& text) {
        std::printf("kept string %s\n", text.c_str());
      } catch (const std::exception& error) {
        std::printf("kept exception %s\n", error.what());
      } catch (const Base& base) {
        std::printf("kept %s\n", base.name());
      } catch (...) {
        std::puts("kept something");
      }
    }
  std::printf("null: %d\n", std::exception_ptr() == nullptr);
  try {
    throw_deeper(3);
  } catch (const std::exception& error) {
    print_nested(error);
  }
}

// --- Through calls the compiler cannot see
// ----------------------------------------------------------------------------

struct Visitor {
  virtual ~Visitor() = default;
  virtual int visit(int value) = 0;
};
struct Doubler : Visitor {
  int visit(int value) override {
    Tracer tracer("doubler");
    if (value > 3) throw std::overflow_error("too large: " + std::to_string(value));
    return 2 * value;
  }
};
struct Recover : Visitor {
  explicit Recover(Visitor& wrapped) : inner(wrapped) {}
  int visit(int value) override {
    try {
      return inner.visit(value);
    } catch (const std::overflow_error& error) {
      std::printf("recovered from %s\n", error.what());
      return -1;
    }
  }
  Visitor& inner;
};

int compare_or_throw(const void* left, const void* right) {
  int a = *static_cast<const int*>(left), b = *static_cast<const int*>(right);
  if (a == 13 || b == 13) throw std::runtime_error("unlucky");
  return a < b ? -1 : a > b;
}

void indirect_calls() {
  Doubler doubler;
  Recover recover(doubler);
  Visitor* visitors[] = {&doubler, &recover};
  for (Visitor* visitor : visitors)
    for (int value : {2, 4}) {
      try {
        std::printf("visit %d: %d\n", value, visitor->visit(value));
      } catch (const std::range_error&) {
        std::puts("the wrong handler");
      } catch (const std::runtime_error& error) {
        std::printf("visit %d: %s\n", value, error.what());
      }
    }
  std::map<std::string, std::function<int(int)>> table;
  table["half"] = [](int v) { return v % 2 ? throw std::domain_error("odd") : v / 2; };
  table["pick"] = [](int v) { return std::vector<int>{10, 20, 30}.at(static_cast<std::size_t>(v)); };
  table["empty"] = nullptr;
  for (const auto& [name, function] : table)
    for (int value : {1, 2, 3}) {
      try {
        std::printf("%s(%d) = %d\n", name.c_str(), value, function(value));
      } catch (const std::bad_function_call&) {
        std::printf("%s(%d): no function\n", name.c_str(), value);
      } catch (const std::out_of_range&) {
        std::printf("%s(%d): out of range\n", name.c_str(), value);
      } catch (const std::exception& error) {
        std::printf("%s(%d): %s\n", name.c_str(), value, error.what());
      }
    }
  std::vector<int> numbers{5, 4, 13, 1};
  try {
    std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return compare_or_throw(&a, &b) < 0; });
  } catch (const std::runtime_error& error) {
    std::printf("sorting stopped: %s\n", error.what());
  }
}

void library_exceptions() {
  auto attempt = [](const char* what, auto action) {
    try {
      action();
      std::printf("%s: fine\n", what);
    } catch (const std::bad_alloc&) {
      std::printf("%s: bad_alloc\n", what);
    } catch (const std::bad_cast&) {
      std::printf("%s: bad_cast\n", what);
    } catch (const std::bad_optional_access&) {
      std::printf("%s: bad_optional_access\n", what);
    } catch (const std::bad_variant_access&) {
      std::printf("%s: bad_variant_access\n", what);
    } catch (const std::bad_typeid&) {
      std::printf("%s: bad_typeid\n", what);
    } catch (const std::out_of_range&) {
      std::printf("%s: out_of_range\n", what);
    } catch (const std::length_error&) {
      std::printf("%s: length_error\n", what);
    } catch (const std::invalid_argument&) {
      std::printf("%s: invalid_argument\n", what);
    }
  };
  std::vector<int> three(3);
  std::map<int, int> empty;
  Both both;
  Base plain;
  Base* nobody = nullptr;
  volatile std::size_t huge = SIZE_MAX / 8;
  attempt("vector::at", [&] { three.at(3) = 1; });
  attempt("vector::at inside", [&] { three.at(2) = 1; });
  attempt("vector::reserve", [&] { three.reserve(SIZE_MAX); });
  attempt("map::at", [&] { empty.at(1) = 1; });
  attempt("string::substr", [&] { (void)std::string("abc").substr(4); });
  attempt("stoi", [&] { (void)std::stoi("not a number"); });
  attempt("stoi range", [&] { (void)std::stoi("99999999999"); });
  attempt("optional", [&] { (void)std::optional<int>().value(); });
  attempt("variant", [&] { (void)std::get<int>(std::variant<int, char>('c')); });
  attempt("dynamic_cast", [&] { (void)dynamic_cast<Left&>(plain); });
  attempt("dynamic_cast across", [&] { (void)dynamic_cast<Right&>(static_cast<Left&>(both)); });
  attempt("typeid", [&] { (void)typeid(*nobody).name(); });
  attempt("new[]", [&] { std::fill_n(std::make_unique<char[]>(huge * 7).get(), 1, 'x'); });
}

// --- Many, and across loops ------------------------------------------------------------------------------------------

int parse(const std::string& text, std::size_t& at) {
  if (at >= text.size()) throw std::out_of_range("end");
  char c = text[at++];
  if (c == '(') {
    int sum = 0;
    for (;;) {
      if (at >= text.size()) throw std::runtime_error("unclosed");
      if (text[at] == ')') return ++at, sum;
      sum += parse(text, at);
    }
  }
  if (c < '0' || c > '9') throw c;
  return c - '0';
}

void parser() {
  for (const char* text : {"(1(23)4)", "((", "", "(1x)", ")", "((((((9))))))", "7"}) {
    std::size_t at = 0;
    try {
      std::printf("\"%s\" = %d\n", text, parse(text, at));
    } catch (char c) {
      std::printf("\"%s\": stray '%c' at %zu\n", text, c, at);
    } catch (const std::out_of_range& error) {
      std::printf("\"%s\": %s\n", text, error.what());
    } catch (const std::exception& error) {
      std::printf("\"%s\": %s at %zu\n", text, error.what(), at);
    }
  }
}

std::uint32_t many() {
  std::uint32_t random = 1, hash = 2166136261u;
  for (int i = 0; i < 20000; ++i) {
    random = random * 1664525 + 1013904223;
    std::uint32_t outcome;
    try {
      try {
        if (random >> 31) throw random;
        if (random >> 30 & 1) throw std::runtime_error("x");
        outcome = 1;
      } catch (std::uint32_t value) {
        if (value & 1) throw std::logic_error("odd");
        outcome = value;
      }
    } catch (const std::logic_error&) {
      outcome = 2;
      if (random & 2) continue;
    } catch (const std::exception&) {
      outcome = 3;
      if ((random & 6) == 0) continue;
    }
    hash = (hash ^ outcome) * 16777619;
  }
  return hash;
}

int recursive_catch(int depth) {
  try {
    if (depth == 0) throw 0;
    return recursive_catch(depth - 1);
  } catch (int level) {
    throw level + 1;
  }
}

// What leaves a noexcept function ends the program; what is caught inside does not.
int promise(int kind) noexcept {
  try {
    throw_kind(kind);
  } catch (int value) {
    return value;
  }
  return 0;
}

}  // namespace

int main(int argc, char**) {
  std::setvbuf(stdout, nullptr, _IOLBF, 1024);
  catch_kinds();
  unwind_frames();
  failing_constructors();
  throw_while_unwinding();
  rethrow();
  exception_pointers();
  indirect_calls();
  library_exceptions();
  parser();
  std::printf("hash %08x\n", static_cast<unsigned>(many()));
  try {
    recursive_catch(500);
  } catch (int level) {
    std::printf("%d handlers\n", level);
  }
  std::printf("%d living at the end\n", living);
  if (argc > 1) {
    std::set_terminate([] {
      std::puts("terminate");
      std::fflush(stdout);
      std::_Exit(3);
    });
    std::printf("promise kept: %d\n", promise(0));
    promise(3);
  }
  return living == 0 ? 0 : 1;
}
