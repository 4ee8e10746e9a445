#include "tools/options.h"

// A file that includes <iostream> sets up eight streams and their locale before main, which takes every start 44,000
// instructions. CLI11 includes it for std::cout, where it prints when it is told nothing else. It is told.
#include <istream>
#include <ostream>
#ifdef __GLIBCXX__
#define _GLIBCXX_IOSTREAM 1
namespace std {
extern istream cin;
extern ostream cout, cerr, clog;
}  // namespace std
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "tools/command.h"
#include "tools/literals.h"

namespace brink::tools {
namespace {

// The parts of a list, one at a time; `rest` becomes what is behind the next.
std::string_view next_part(std::string_view& rest, char separator) {
  size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

// Where a value is one of some words: whether it is.
std::string check_word(std::string_view words, const std::string& text) {
  std::string all;
  for (std::string_view rest = words; !rest.empty();) {
    std::string_view word = next_part(rest, '|');
    if (word == text) return "";
    all += (all.empty() ? "" : ", ") + std::string(word);
  }
  return "'" + text + "' is none of " + all;
}

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

bool is_option(std::string_view text) { return text.size() >= 2 && text[0] == '-'; }

}  // namespace

std::string_view Options::Option::names() const { return specification_.substr(0, specification_.find(' ')); }

std::string_view Options::Option::name() const {
  size_t comma = names().rfind(',');
  return comma == std::string_view::npos ? names() : names().substr(comma + 1);
}

bool Options::Option::may_be_in(std::string_view text) const {
  if (!is_option(text)) return false;
  for (std::string_view rest = names(); !rest.empty();) {
    std::string_view name = next_part(rest, ',');
    bool is_long = name.starts_with("--");
    if (is_long ? text.starts_with(name) : text[1] != '-' && text.find(name[1]) != std::string_view::npos) return true;
  }
  return false;
}

std::string_view Options::Option::value_name() const {
  size_t space = specification_.find(' ');
  return space == std::string_view::npos ? std::string_view() : specification_.substr(space + 1);
}

Options::Option& Options::add(std::string_view specification, const char* help, void* target, Option::Store store) {
  Option& option = options_.emplace_back();
  option.specification_ = specification;
  option.help_ = help;
  option.target_ = target;
  option.store_ = store;
  return option;
}

Options::Option& Options::flag(std::string_view specification, bool& target, const char* help) {
  Option& option = add(specification, help, &target, [](const Option& self, const std::string&) {
    *static_cast<bool*>(self.target_) = true;
    return std::string();
  });
  option.takes_value_ = false;
  option.is_repeatable_ = true;  // says the same
  return option;
}

Options::Option& Options::text(std::string_view specification, std::string& target, const char* help, Check check) {
  Option& option = add(specification, help, &target, [](const Option& self, const std::string& value) {
    *static_cast<std::string*>(self.target_) = value;
    return std::string();
  });
  option.check_ = check;
  return option;
}

Options::Option& Options::text(std::string_view specification, std::optional<std::string>& target, const char* help) {
  return add(specification, help, &target, [](const Option& self, const std::string& value) {
    *static_cast<std::optional<std::string>*>(self.target_) = value;
    return std::string();
  });
}

Options::Option& Options::list(std::string_view specification, std::vector<std::string>& target, const char* help, Check check) {
  Option& option = add(specification, help, &target, [](const Option& self, const std::string& value) {
    static_cast<std::vector<std::string>*>(self.target_)->push_back(value);
    return std::string();
  });
  option.check_ = check;
  option.is_repeatable_ = true;
  return option;
}

// An argument is an option without names of options.
Options::Option& Options::argument(std::string_view name, std::string& target, const char* help, Check check) {
  arguments_.push_back(text(name, target, help, check));
  options_.pop_back();
  return arguments_.back();
}

Options::Option& Options::arguments(std::string_view name, std::vector<std::string>& target, const char* help, Check check) {
  arguments_.push_back(list(name, target, help, check));
  options_.pop_back();
  return arguments_.back();
}

void Options::rest(std::string_view name, std::vector<std::string>& target, const char* help) {
  rest_ = list(name, target, help);
  options_.pop_back();
}

std::optional<u64> Options::number_of(const std::string& text, u64 least, u64 most) {
  u64 number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) return std::nullopt;
  return number;
}

std::string Options::not_a_number(const std::string& text, u64 least, u64 most) {
  return in_quotes(text) + " is not a number from " + std::to_string(least) + " to " + std::to_string(most);
}

std::string Options::Option::take(const std::string& value) const {
  std::string wrong;
  if (value_name().find('|') != std::string_view::npos) wrong = check_word(value_name(), value);
  if (wrong.empty() && check_ != nullptr) wrong = check_(value);
  return wrong.empty() ? store_(*this, value) : wrong;
}

void Options::declare(CLI::App& app, const Option& option) {
  if (!option.takes_value_) {
    app.add_flag_callback(std::string(option.names()), [&option] { option.store_(option, ""); }, option.help_)->disable_flag_override();
  } else {
    CLI::callback_t take_all = [&option](const CLI::results_t& values) {
      if (values.size() > 1 && !option.is_repeatable_)
        throw CLI::ArgumentMismatch(std::string(option.name()) + " is given more than once", CLI::ExitCodes::ArgumentMismatch);
      for (const std::string& value : values)
        if (std::string wrong = option.take(value); !wrong.empty())
          throw CLI::ValidationError(std::string(option.name()), wrong);
      return true;
    };
    app.add_option(std::string(option.names()), take_all, option.help_)
        ->type_name(std::string(option.value_name()))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->required(option.is_required_);
  }
}

std::string Options::help(const Heading& heading) const {
  CLI::App app(std::string(heading.summary), std::string(heading.command));
  for (const Option& option : options_)
    if (!option.is_hidden_) declare(app, option);
  auto add_argument = [&](const Option& argument) {
    CLI::Option* declared = app.add_option(std::string(argument.specification_), CLI::callback_t(), argument.help_);
    declared->type_name("")->required(argument.is_required_);
    if (argument.is_repeatable_) declared->expected(-1);
  };
  for (const Option& argument : arguments_) add_argument(argument);
  if (rest_) add_argument(*rest_);
  return app.help();
}

// What the options leave: arguments, and what looks like an option and is none.
std::string Options::read_arguments(std::span<const std::string> left) {
  bool are_options_over = false;
  auto argument = arguments_.begin();
  while (!left.empty()) {
    const std::string& text = left.front();
    left = left.subspan(1);
    if (!are_options_over && text == "--") {
      are_options_over = true;
      continue;
    }
    if (!are_options_over && is_option(text)) return in_quotes(text) + " is not an option";
    if (argument == arguments_.end()) return in_quotes(text) + " is one argument too many";
    if (std::string wrong = argument->take(text); !wrong.empty()) return std::string(argument->name()) + ": " + wrong;
    argument->is_given_ = true;
    if (!argument->is_repeatable_) ++argument;
    if (!rest_) continue;
    for (const std::string& other : left) rest_->store_(*rest_, other);
    break;
  }
  for (const Option& each : arguments_)
    if (each.is_required_ && !each.is_given_) return std::string(each.name()) + " is required";
  return "";
}

std::string Options::read(const Heading& heading, std::span<const std::string> given) {
  // FILE, and what is somebody else's.
  if (rest_ && !given.empty() && !given[0].starts_with('-')) return read_arguments(given);
  CLI::App app(std::string(heading.summary), std::string(heading.command));
  app.allow_extras();
  app.prefix_command(rest_.has_value());
  for (const Option& option : options_) {
    auto may_give = [&](const std::string& argument) { return option.may_be_in(argument); };
    if (option.is_required_ || std::any_of(given.begin(), given.end(), may_give)) declare(app, option);
  }
  for (const Pair& pair : excluded_) {
    CLI::Option* one = app.get_option_no_throw(std::string(pair.one));
    CLI::Option* other = app.get_option_no_throw(std::string(pair.other));
    if (one != nullptr && other != nullptr) one->excludes(other);
  }
  app.parse(std::vector<std::string>(given.rbegin(), given.rend()));  // the last first, as CLI11 wants them
  return read_arguments(app.remaining());
}

std::optional<int> Options::parse(const Heading& heading, std::span<const std::string> given) {
  std::string wrong;
  try {
    wrong = read(heading, given);
  } catch (const CLI::CallForHelp&) {
    print(help(heading));
    return finish_output(kExitSuccess);
  } catch (const CLI::ParseError& error) {
    wrong = error.what();
    std::replace(wrong.begin(), wrong.end(), '\n', ' ');
  }
  if (wrong.empty()) return std::nullopt;
  return usage_error(wrong, heading.command);
}

int usage_error(std::string_view message, std::string_view command) {
  std::fprintf(stderr, "error: %s (see '%s --help')\n", printable(message).c_str(), std::string(command).c_str());
  return kExitUsage;
}

std::string refuse_empty(const std::string& text) { return text.empty() ? "an empty name" : ""; }

std::string check_size(const std::string& text) {
  Result<u64> size = parse_size(text);
  return size ? "" : size.error().message;
}

}  // namespace brink::tools
