// The standard library at work: containers, streams, algorithms, formatting, memory and dispatch. A generated set of
// orders is read from a stream, indexed in several containers and reported. Only defined orders are printed.
#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <chrono>
#include <complex>
#include <cstdio>
#include <deque>
#include <forward_list>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <ranges>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <format>

namespace {

struct Order {
  std::uint32_t id = 0;
  std::string customer;
  double amount = 0;
  int priority = 0;

  auto operator<=>(const Order&) const = default;
};

std::istream& operator>>(std::istream& in, Order& order) {
  char separator = 0;
  return in >> order.id >> separator >> std::quoted(order.customer) >> separator >> order.amount >> separator >>
         order.priority;
}

std::ostream& operator<<(std::ostream& out, const Order& order) {
  return out << std::setw(5) << order.id << ' ' << std::left << std::setw(18) << order.customer << std::right
             << std::fixed << std::setprecision(2) << std::setw(10) << order.amount << " p" << order.priority;
}

std::string generate(std::size_t count) {
  constexpr std::array kFirst{"Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Niklaus", "Adele"};
  constexpr std::array kLast{"North", "South \"Pole\"", "East", "West"};
  std::mt19937 random(2024);
  std::ostringstream out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = kFirst[random() % kFirst.size()];
    name += ' ';
    name += kLast[random() % kLast.size()];
    out << 1000 + random() % 9000 << ',' << std::quoted(name) << ',' << (random() % 1'000'000) / 100.0 << ','
        << random() % 5 << '\n';
  }
  return out.str();
}

std::vector<Order> parse(const std::string& text) {
  std::istringstream in(text);
  std::vector<Order> orders;
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    Order order;
    if (fields >> order) orders.push_back(std::move(order));
  }
  return orders;
}

void sorting(std::vector<Order> orders) {
  std::cout << "-- sorting\n";
  std::ranges::stable_sort(orders, {}, &Order::priority);
  const auto middle = std::ranges::partition_point(orders, [](const Order& o) { return o.priority < 2; });
  std::cout << "below priority 2: " << middle - orders.begin() << " of " << orders.size() << '\n';
  std::ranges::sort(orders, std::ranges::greater{}, &Order::amount);
  for (const Order& order : orders | std::views::take(5)) std::cout << order << '\n';
  std::ranges::sort(orders);
  const auto removed = std::ranges::unique(orders, {}, &Order::id);
  orders.erase(removed.begin(), removed.end());
  std::cout << "distinct ids: " << orders.size() << ", sorted: " << std::boolalpha << std::ranges::is_sorted(orders)
            << '\n';
  std::vector<std::uint32_t> ids(orders.size());
  std::ranges::transform(orders, ids.begin(), &Order::id);
  std::nth_element(ids.begin(), ids.begin() + 100, ids.end());
  std::cout << "id number 100: " << ids[100]
            << ", present: " << std::ranges::binary_search(orders, ids[100], {}, &Order::id) << '\n';
  std::ranges::make_heap(ids);
  std::ranges::sort_heap(ids);
  std::cout << "heap sorted: " << std::ranges::is_sorted(ids) << ", sum "
            << std::accumulate(ids.begin(), ids.end(), 0ull) << '\n';
}

void grouping(const std::vector<Order>& orders) {
  std::cout << "-- grouping\n";
  std::map<std::string, std::vector<const Order*>, std::less<>> by_customer;
  std::unordered_map<std::string_view, double> totals;
  std::multiset<double> amounts;
  std::set<std::pair<int, std::string_view>> pairs;
  for (const Order& order : orders) {
    by_customer[order.customer].push_back(&order);
    totals[order.customer] += order.amount;
    amounts.insert(order.amount);
    pairs.emplace(order.priority, order.customer);
  }
  for (const auto& [customer, list] :
       by_customer | std::views::filter([](const auto& e) { return e.second.size() > 65; }))
    std::cout << std::format("{:<22}|{:>4}|{:>12.2f}|\n", customer, list.size(), totals[customer]);
  std::cout << std::format("median amount {:.2f}, {} pairs, {} customers\n",
                           *std::next(amounts.begin(), amounts.size() / 2), pairs.size(), totals.size());
  totals.rehash(4096);
  std::erase_if(totals, [](const auto& entry) { return entry.second < 300'000; });
  std::cout << "customers over the line: " << totals.size() << '\n';
}

using Shape = std::variant<std::monostate, double, std::pair<double, double>, std::string>;

std::string describe(const Shape& shape) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "nothing"; }
    std::string operator()(double radius) const {
      return std::format("circle {:.3f}", radius * radius * 3.14159265358979);
    }
    std::string operator()(const std::pair<double, double>& sides) const {
      return std::format("box {:g}", sides.first * sides.second);
    }
    std::string operator()(const std::string& name) const { return std::format("named '{:^9}'", name); }
  };
  return std::visit(Visitor{}, shape);
}

struct Node {
  explicit Node(std::string n) : name(std::move(n)) { ++alive; }
  virtual ~Node() { --alive; }
  virtual int weight() const { return 1; }
  std::string name;
  static inline int alive = 0;
};

struct Branch : Node {
  using Node::Node;
  int weight() const override {
    return std::accumulate(children.begin(), children.end(), 0,
                           [](int sum, const auto& c) { return sum + c->weight(); });
  }
  std::vector<std::shared_ptr<Node>> children;
};

void objects() {
  std::cout << "-- objects\n";
  for (const Shape& shape : {Shape{}, Shape{2.0}, Shape{std::pair{3.0, 4.5}}, Shape{std::string("blob")}})
    std::cout << describe(shape) << '\n';
  {
    auto root = std::make_shared<Branch>("root");
    std::weak_ptr<Node> watched;
    for (int i = 0; i < 6; ++i) {
      auto branch = std::make_shared<Branch>(std::format("branch {}", i));
      for (int j = 0; j < i; ++j) branch->children.push_back(std::make_shared<Node>("leaf"));
      watched = branch;
      root->children.push_back(std::move(branch));
    }
    std::cout << "weight " << root->weight() << ", alive " << Node::alive << ", watched " << watched.lock()->name;
    std::cout << ", a branch: " << (dynamic_cast<Branch*>(watched.lock().get()) != nullptr);
    root->children.clear();
    std::cout << ", expired " << watched.expired() << '\n';
  }
  std::cout << "alive at the end: " << Node::alive << '\n';

  std::vector<std::function<long(long)>> pipeline;
  for (long k = 1; k <= 4; ++k) pipeline.emplace_back([k](long x) { return x * k + k; });
  std::cout << "pipeline "
            << std::accumulate(pipeline.begin(), pipeline.end(), 1L, [](long x, const auto& f) { return f(x); })
            << '\n';
  std::priority_queue<int, std::vector<int>, std::greater<>> queue;
  for (int value : {41, 7, 19, 3, 88, 23}) queue.push(value);
  std::cout << "queue";
  for (; !queue.empty(); queue.pop()) std::cout << ' ' << queue.top();
  std::list<int> numbers(20);
  std::iota(numbers.begin(), numbers.end(), 1);
  numbers.remove_if([](int n) { return n % 3 == 0; });
  numbers.reverse();
  std::deque<int> both(numbers.begin(), numbers.end());
  both.push_front(-1);
  both.pop_back();
  std::forward_list<int> forward(both.rbegin(), both.rend());
  forward.sort();
  std::cout << "\nlists " << numbers.size() << ' ' << both.front() << ' ' << both.back() << ' '
            << std::distance(forward.begin(), forward.end()) << ' ' << forward.front() << '\n';
  std::bitset<40> bits(0xdeadbeefULL);
  std::cout << "bits " << (bits << 3).to_string() << ' ' << bits.count() << '\n';
  std::cout << "complex " << std::norm(std::complex<double>(3, -4) * std::complex<double>(1, 2)) << '\n';
}

void formatting() {
  std::cout << "-- formatting\n";
  std::cout << std::format("{0:#x} {0:#o} {0:#b} {1:+d} {2:08.3f} {3:e} {4:*^11} {5:?}\n", 202, 77, -3.14159,
                           123456.789, "mid", "quote\n\"d\"");
  std::cout << std::format("{:>{}}|{:.{}}|{:L}\n", 42, 8, "truncated", 5, 1234567);
  std::cout << std::defaultfloat << std::setprecision(17) << 0.1 << ' ' << 1e300 << ' ' << std::hexfloat << 0.15625
            << '\n'
            << std::defaultfloat << std::showbase << std::hex << 255 << ' ' << std::oct << 255 << std::dec
            << std::noshowbase << ' ' << std::setfill('.') << std::setw(10) << std::internal << -42 << std::setfill(' ')
            << '\n';
  char buffer[64];
  for (double value : {0.1, 1.0 / 3, 5e-324, std::numeric_limits<double>::max(), -0.0}) {
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    std::cout << std::string_view(buffer, end) << ' ';
  }
  long parsed = 0;
  const std::string_view text("-7fzz");
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), parsed, 16);
  std::cout << parsed << ' ' << std::string_view(rest) << ' ' << (error == std::errc{}) << '\n';
  std::cout << std::stod("2.5e3") + std::stoi("-12") << ' ' << std::to_string(1.5f) << ' '
            << std::strtoull("ffffffffffffffff", nullptr, 16) << '\n';
  __extension__ typedef unsigned __int128 Wide;
  const Wide wide = static_cast<Wide>(0x0123456789abcdefULL) << 64 | 0xfedcba9876543210ULL;
  std::cout << "wide " << static_cast<std::uint64_t>(wide / 1'000'000'007) << ' '
            << static_cast<std::uint64_t>(wide % 1'000'000'007) << '\n';
  using namespace std::chrono;
  const sys_days day = 2024y / February / 29;
  const year_month_day next{day + days{366}};
  std::cout << "days " << static_cast<int>(next.year()) << '-' << static_cast<unsigned>(next.month()) << '-'
            << static_cast<unsigned>(next.day()) << ' ' << weekday{day}.iso_encoding() << '\n';
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

// Debian's libc++ for WASI comes without file streams, so the text goes through C files.
int files(const std::string& path, const std::vector<Order>& orders) {
  std::cout << "-- files\n";
  std::ostringstream report;
  for (const Order& order : orders | std::views::take(200)) report << order << '\n';
  const std::string text = report.str();
  if (File out(std::fopen(path.c_str(), "wb"));
      !out || std::fwrite(text.data(), 1, text.size(), out.get()) != text.size())
    return 1;
  File file(std::fopen(path.c_str(), "r+b"));
  if (!file || std::fseek(file.get(), 6, SEEK_SET) != 0 || std::fputs("@@@", file.get()) < 0) return 1;
  std::rewind(file.get());
  std::string back;
  std::array<char, 1000> block;
  while (const std::size_t n = std::fread(block.data(), 1, block.size(), file.get())) back.append(block.data(), n);
  std::istringstream in(back);
  std::string line, first;
  std::getline(in, first);
  std::size_t lines = 1;
  for (; std::getline(in, line); ++lines) continue;
  std::cout << first << '\n'
            << lines << " lines, " << back.size() << " bytes, differing from "
            << std::ranges::mismatch(back, text).in1 - back.begin() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Order> orders = parse(generate(2000));
  std::cout << "orders: " << orders.size() << '\n';
  sorting(orders);
  grouping(orders);
  objects();
  formatting();
  return files(argc > 1 ? argv[1] : "orders.txt", orders);
}
