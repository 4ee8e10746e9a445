// A command line: the options and arguments of one command, what was given of them, and their help.
//
//   options.text("--max-stack SIZE", max_stack_, "of the value stack (default 8M)", check_size);
//   options.flag("-v,--verbose", verbose_, "name the valid files, too");
//   options.argument("FILE", file_, "the module, binary or text").required();
//   if (std::optional<int> end = options.parse({"brink run", "Runs a program."}, arguments)) return *end;
//
// A specification is the option's names and, where it takes a value, what that is called; "a|b|c" stands for one of these
// words. Every start of `brink` declares options, and most use none, so declaring one here costs a few stores and no
// more: specifications and help are literals. CLI11 reads the arguments; it is told of the options that may be among
// them, and of all for the help.
//
// Values are `--name VALUE`, `--name=VALUE`, `-n VALUE` or `-nVALUE`; an argument behind a name is its value whatever it looks like. "--" ends
// the options. Whoever gives an option twice that counts once made a mistake.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/integers.h"

namespace CLI {
class App;
}

namespace brink::tools {

class Options {
 public:
  // What is wrong with a value; empty if it is right.
  using Check = std::string (*)(const std::string& text);

  class Option {
   public:
    Option& required() { return is_required_ = true, *this; }
    // Left out of the help.
    Option& hidden() { return is_hidden_ = true, *this; }

   private:
    friend Options;
    // Puts a value into the target. → what is wrong with it
    using Store = std::string (*)(const Option& option, const std::string& value);
    // "-n,--name" of "-n,--name VALUE".
    std::string_view names() const;
    // "--name" of that, or the argument's name.
    std::string_view name() const;
    std::string_view value_name() const;
    // Whether an argument could give it: "--name=x", "-nx", "-xn".
    bool may_be_in(std::string_view argument) const;
    // Checks a value and puts it into the target. → what is wrong with it
    std::string take(const std::string& value) const;

    std::string_view specification_;
    const char* help_ = nullptr;
    Store store_ = nullptr;
    void* target_ = nullptr;
    Check check_ = nullptr;
    u64 least_ = 0, most_ = 0;
    bool takes_value_ = true, is_repeatable_ = false, is_required_ = false, is_hidden_ = false, is_given_ = false;
  };

  Options() { options_.reserve(40); }

  Option& flag(std::string_view specification, bool& target, const char* help);
  Option& text(std::string_view specification, std::string& target, const char* help, Check check = nullptr);
  Option& text(std::string_view specification, std::optional<std::string>& target, const char* help);
  // Any number of times.
  Option& list(std::string_view specification, std::vector<std::string>& target, const char* help, Check check = nullptr);
  // `Number` is an unsigned type, or std::optional of one.
  template <class Number>
  Option& number(std::string_view specification, Number& target, u64 least, u64 most, const char* help) {
    Option& option = add(specification, help, &target, [](const Option& self, const std::string& value) {
      std::optional<u64> number = number_of(value, self.least_, self.most_);
      if (number) *static_cast<Number*>(self.target_) = static_cast<decltype(unwrapped(target))>(*number);
      return number ? std::string() : not_a_number(value, self.least_, self.most_);
    });
    option.least_ = least, option.most_ = most;
    return option;
  }
  // What a function makes of the text; its error is wrong usage.
  template <auto kParse, class T>
  Option& parsed(std::string_view specification, T& target, const char* help) {
    return add(specification, help, &target, [](const Option& self, const std::string& value) {
      auto made = kParse(value);
      if (made) *static_cast<T*>(self.target_) = *made;
      return made ? std::string() : made.error().message;
    });
  }

  // Arguments that are no options: one, or as many as there are. In this order; a list is the last.
  Option& argument(std::string_view name, std::string& target, const char* help, Check check = nullptr);
  Option& arguments(std::string_view name, std::vector<std::string>& target, const char* help, Check check = nullptr);
  // All that follows the first argument belongs to somebody else, options included.
  void rest(std::string_view name, std::vector<std::string>& target, const char* help);

  // Two options that are not given together.
  void exclude(std::string_view one, std::string_view other) { excluded_.push_back({one, other}); }

  struct Heading {
    std::string_view command;  // "brink run"
    std::string_view summary;
  };
  // Nothing: all is well. Else the exit code, after the help that was asked for on standard output, or what is wrong on standard error.
  std::optional<int> parse(const Heading& heading, std::span<const std::string> given);

 private:
  template <class T>
  static T unwrapped(const T&);
  template <class T>
  static T unwrapped(const std::optional<T>&);
  static std::optional<u64> number_of(const std::string& text, u64 least, u64 most);
  static std::string not_a_number(const std::string& text, u64 least, u64 most);

  Option& add(std::string_view specification, const char* help, void* target, Option::Store store);
  static void declare(CLI::App& app, const Option& option);
  // These return what is wrong.
  std::string read(const Heading& heading, std::span<const std::string> given);
  std::string read_arguments(std::span<const std::string> left);
  std::string help(const Heading& heading) const;

  std::vector<Option> options_;
  std::vector<Option> arguments_;
  std::optional<Option> rest_;
  struct Pair {
    std::string_view one, other;
  };
  std::vector<Pair> excluded_;
};

// "error: … (see 'brink run --help')" on standard error; printable() (command.h) is applied. → kExitUsage
int usage_error(std::string_view message, std::string_view command);

// Checks: of something that has to have a name, and of sizes.
std::string refuse_empty(const std::string& text);
std::string check_size(const std::string& text);

}  // namespace brink::tools
