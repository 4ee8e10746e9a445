#include "tools/options.h"

#include <charconv>
#include <cstdio>

#include "tools/command.h"
#include "tools/literals.h"

namespace brink::tools {
namespace {

constexpr std::string_view kHelp = "-h,--help";

// The parts of a list, one at a time; `rest` becomes what is behind the next.
std::string_view next_part(std::string_view& rest, char separator) {
  size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string_view names_of(std::string_view specification) { return specification.substr(0, specification.find(' ')); }

bool has_name(std::string_view specification, std::string_view name) {
  for (std::string_view names = names_of(specification); !names.empty();)
    if (next_part(names, ',') == name) return true;
  return false;
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

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// A line of help: what can be given, then what that does.
void add_line(std::string& out, std::string_view what, std::string_view help) {
  constexpr size_t kColumn = 32;
  std::string line = "  " + std::string(what);
  if (line.size() + 1 > kColumn) line += '\n' + std::string(kColumn, ' ');
  else line.resize(kColumn, ' ');
  out += line + std::string(help) + '\n';
}

}  // namespace

std::string_view Options::Option::name() const {
  std::string_view names = names_of(specification_);
  size_t comma = names.rfind(',');
  return comma == std::string_view::npos ? names : names.substr(comma + 1);
}

bool Options::Option::is_called(std::string_view name) const { return has_name(specification_, name); }

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
  return quoted(text) + " is not a number from " + std::to_string(least) + " to " + std::to_string(most);
}

Options::Option* Options::find(std::string_view name) {
  for (Option& option : options_)
    if (option.is_called(name)) return &option;
  return nullptr;
}

Options::Option* Options::next_argument() {
  for (Option& argument : arguments_)
    if (argument.times_given_ == 0 || argument.is_repeatable_) return &argument;
  return nullptr;
}

std::string Options::take(Option& option, std::string_view name, const std::string& value) {
  auto wrong = [&](const std::string& message) { return message.empty() ? message : std::string(name) + ": " + message; };
  if (option.times_given_++ > 0 && !option.is_repeatable_) return std::string(name) + " is given more than once";
  if (std::string_view words = option.value_name(); words.find('|') != std::string_view::npos)
    if (std::string message = check_word(words, value); !message.empty()) return wrong(message);
  if (option.check_ != nullptr)
    if (std::string message = option.check_(value); !message.empty()) return wrong(message);
  return wrong(option.store_(option, value));
}

std::string Options::read_value(Option& option, std::string_view name, std::optional<std::string> value,
                                std::span<const std::string>& behind) {
  if (!option.takes_value_) return value ? std::string(name) + " takes no value" : take(option, name, "");
  if (!value) {
    if (behind.empty()) return std::string(name) + " needs a value: " + std::string(option.value_name());
    value = behind.front();
    behind = behind.subspan(1);
  }
  return take(option, name, *value);
}

// "-v", "-vg", "-j4", "-j 4".
std::string Options::read_short(std::string_view letters, std::span<const std::string>& behind) {
  for (; !letters.empty(); letters.remove_prefix(1)) {
    std::string name = {'-', letters.front()};
    if (has_name(kHelp, name)) return wants_help_ = true, "";
    Option* option = find(name);
    if (option == nullptr) return quoted(name) + " is not an option";
    std::optional<std::string> value;
    if (option->takes_value_ && letters.size() > 1) value = letters.substr(1);
    if (std::string wrong = read_value(*option, name, value, behind); !wrong.empty() || option->takes_value_) return wrong;
  }
  return "";
}

std::string Options::read(std::span<const std::string> given) {
  bool are_over = false;  // the options
  while (!given.empty() && !wants_help_) {
    const std::string& text = given.front();
    given = given.subspan(1);
    std::string wrong;
    if (!are_over && text == "--") {
      are_over = true;
    } else if (are_over || text.size() < 2 || text[0] != '-') {
      Option* argument = next_argument();
      if (argument == nullptr) return quoted(text) + " is one argument too many";
      wrong = take(*argument, argument->specification_, text);
      if (rest_) {
        for (const std::string& other : given) rest_->store_(*rest_, other);
        given = {};
      }
    } else if (text[1] != '-') {
      wrong = read_short(std::string_view(text).substr(1), given);
    } else {
      size_t equals = text.find('=');
      std::string name = text.substr(0, equals);
      if (has_name(kHelp, name)) return wants_help_ = true, "";
      Option* option = find(name);
      if (option == nullptr) return quoted(name) + " is not an option";
      wrong = read_value(*option, name, equals == std::string::npos ? std::nullopt : std::optional(text.substr(equals + 1)), given);
    }
    if (!wrong.empty()) return wrong;
  }
  return wants_help_ ? "" : check_as_a_whole();
}

std::string Options::check_as_a_whole() const {
  for (const std::vector<Option>* all : {&options_, &arguments_})
    for (const Option& option : *all)
      if (option.is_required_ && option.times_given_ == 0) return std::string(option.name()) + " is required";
  auto is_given = [this](std::string_view name) { return const_cast<Options*>(this)->find(name)->times_given_ > 0; };
  for (const Pair& pair : excluded_)
    if (is_given(pair.one) && is_given(pair.other)) return std::string(pair.one) + " excludes " + std::string(pair.other);
  return "";
}

std::string Options::help(const Heading& heading) const {
  std::string usage = "Usage: " + std::string(heading.command) + " [OPTIONS]";
  std::string lines;
  auto add_argument = [&](const Option& argument) {
    std::string name(argument.specification_);
    if (argument.is_repeatable_) name += "...";
    add_line(lines, name, argument.help_);
    usage += argument.is_required_ ? " " + name : " [" + name + "]";
  };
  for (const Option& argument : arguments_) add_argument(argument);
  if (rest_) add_argument(*rest_);
  std::string out = std::string(heading.summary) + "\n\n" + usage + "\n\n" + lines + "\nOptions:\n";
  add_line(out, kHelp, "print this help and exit");
  for (const Option& option : options_)
    if (!option.is_hidden_) add_line(out, option.specification_, option.help_);
  return out;
}

std::optional<int> Options::parse(const Heading& heading, std::span<const std::string> given) {
  std::string wrong = read(given);
  if (!wrong.empty()) return usage_error(wrong, heading.command);
  if (!wants_help_) return std::nullopt;
  print(help(heading));
  return finish_output(kExitSuccess);
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
