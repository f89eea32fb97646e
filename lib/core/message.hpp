#pragma once
/// \file
/// Values as bytes on their way between the ranks of a run; never for files. Numbers, enums, texts, containers,
/// optional, variant and nlohmann::json travel as they are; a struct names what travels of it, once:
///
///     static auto members(auto& x) { return std::tie(x.obsid, x.source); }

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/communicator.hpp"
#include "core/error.hpp"

namespace comap {
namespace message {

template <typename T>
concept HasMembers = requires(T& x) {
  T::members(x);
};
template <typename T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};  // also pair and array
template <typename T>
concept Resizable = requires(T& x) {
  x.resize(x.size()), x.data();
};
/// nlohmann::json, without its header. What is no UTF-8 in it becomes a replacement character.
template <typename T>
concept Document = requires(const T& x) {
  T::parse(x.dump(-1, ' ', false, T::error_handler_t::replace));
};

/// Packs types that are copied as they lie in memory.
template <typename T>
struct IsFlat : std::bool_constant<std::is_arithmetic_v<T> || std::is_enum_v<T>> {};
template <typename T, std::size_t n>
struct IsFlat<std::array<T, n>> : IsFlat<T> {};
template <typename... Ts>
constexpr bool are_flat(const std::tuple<Ts&...>* /*members*/) {
  return (IsFlat<Ts>::value && ...);
}
template <HasMembers T>
struct IsFlat<T> : std::bool_constant<std::is_trivially_copyable_v<T> &&
                                      are_flat(static_cast<decltype(T::members(std::declval<T&>()))*>(nullptr))> {};
template <typename T>
concept Flat = IsFlat<T>::value;

class Packer {
 public:
  static constexpr bool kFills = false;
  void copy(const void* from, std::size_t n_bytes) {
    const std::size_t end = bytes_.size();
    bytes_.resize(end + n_bytes);
    if (n_bytes > 0) std::memcpy(bytes_.data() + end, from, n_bytes);
  }
  std::size_t length(std::size_t n) {
    copy(&n, sizeof n);
    return n;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Throws Bug where a message ends too soon.
class Unpacker {
 public:
  static constexpr bool kFills = true;
  explicit Unpacker(std::span<const std::byte> bytes) : rest_(bytes) {}
  void copy(void* to, std::size_t n_bytes) {
    require(n_bytes);
    if (n_bytes > 0) std::memcpy(to, rest_.data(), n_bytes);
    rest_ = rest_.subspan(n_bytes);
  }
  /// Every element takes at least a byte.
  std::size_t length(std::size_t /*present*/) {
    std::size_t n = 0;
    copy(&n, sizeof n);
    require(n);
    return n;
  }
  std::size_t n_left() const { return rest_.size(); }

 private:
  void require(std::size_t n_bytes) const {
    if (n_bytes > rest_.size()) throw Bug("a message between ranks is too short");
  }

  std::span<const std::byte> rest_;
};

// Each travel() serves both ways: `way` is a Packer, which changes nothing, or an Unpacker.

template <typename T>
T& writable(const T& x) {
  return const_cast<T&>(x);
}

template <typename Way, Flat T>
void travel(Way& way, T& x) {
  way.copy(&x, sizeof x);
}

template <typename Way>
void travel(Way& /*way*/, std::monostate& /*nothing*/) {}

template <typename Way, TupleLike T>
requires(!Flat<T>) void travel(Way& way, T& x) {
  std::apply([&](auto&... element) { (travel(way, writable(element)), ...); }, x);
}

template <typename Way, HasMembers T>
requires(!Flat<T>) void travel(Way& way, T& x) {
  std::apply([&](auto&... member) { (travel(way, member), ...); }, T::members(x));
}

template <typename Way, Resizable T>
void travel(Way& way, T& x) {
  const std::size_t n = way.length(x.size());
  if constexpr (Way::kFills) x = T(n, typename T::value_type());  // resize() makes GCC 12 warn of an array's bounds
  if constexpr (Flat<typename T::value_type>) {
    way.copy(x.data(), x.size() * sizeof(typename T::value_type));
  } else {
    for (auto& element : x) travel(way, element);
  }
}

template <typename Way>
void travel(Way& way, std::vector<bool>& x) {
  std::vector<char> letters(x.begin(), x.end());
  travel(way, letters);
  if constexpr (Way::kFills) x.assign(letters.begin(), letters.end());
}

template <typename Way, typename T>
void travel(Way& way, std::optional<T>& x) {
  bool has_value = x.has_value();
  travel(way, has_value);
  if constexpr (Way::kFills) x = has_value ? std::make_optional<T>() : std::nullopt;
  if (has_value) travel(way, *x);
}

template <typename Way, typename Key, typename T, typename Less>
void travel(Way& way, std::map<Key, T, Less>& x) {
  std::vector<std::pair<Key, T>> entries(x.begin(), x.end());
  travel(way, entries);
  if constexpr (Way::kFills) x = {std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end())};
}

template <typename Way, typename... Ts>
void travel(Way& way, std::variant<Ts...>& x) {
  std::size_t index = x.index();
  travel(way, index);
  if constexpr (Way::kFills) {
    std::size_t i = 0;
    ((i++ == index ? static_cast<void>(x.template emplace<Ts>()) : void()), ...);
    if (x.index() != index) throw Bug("a message between ranks holds no such kind of value");
  }
  std::visit([&](auto& held) { travel(way, held); }, x);
}

template <typename Way, Document T>
void travel(Way& way, T& x) {
  std::string text;
  if constexpr (!Way::kFills) text = x.dump(-1, ' ', false, T::error_handler_t::replace);
  travel(way, text);
  if constexpr (Way::kFills) x = T::parse(text);
}

}  // namespace message

template <typename T>
Bytes pack(const T& value) {
  message::Packer packer;
  travel(packer, message::writable(value));
  return packer.take();
}

/// Throws Bug for bytes that are longer or shorter than pack() has made them.
template <typename T>
T unpack(std::span<const std::byte> bytes) {
  T value{};
  message::Unpacker unpacker(bytes);
  travel(unpacker, value);
  if (unpacker.n_left() > 0) throw Bug("a message between ranks is too long");
  return value;
}

/// `value` of rank `root` on every rank. Collective.
template <typename T>
T share(const Communicator& ranks, const T& value, int root = 0) {
  Bytes bytes;
  if (ranks.rank() == root) bytes = pack(value);
  ranks.broadcast(bytes, root);
  return unpack<T>(bytes);
}

/// The values of all ranks, by rank, on every rank. Collective.
template <typename T>
std::vector<T> all_gather(const Communicator& ranks, const T& mine) {
  std::vector<T> all;
  for (const Bytes& bytes : ranks.all_gather(pack(mine))) all.push_back(unpack<T>(bytes));
  return all;
}

/// The same on rank 0; nothing elsewhere. Collective.
template <typename T>
std::vector<T> gather(const Communicator& ranks, const T& mine) {
  std::vector<Bytes> to(static_cast<std::size_t>(ranks.size()));
  to[0] = pack(mine);
  const std::vector<Bytes> from = ranks.all_to_all(to);
  std::vector<T> all;
  if (ranks.rank() != 0) return all;
  for (const Bytes& bytes : from) all.push_back(unpack<T>(bytes));
  return all;
}

/// One list of those of several ranks.
template <typename T>
std::vector<T> joined(std::vector<std::vector<T>> lists) {
  std::vector<T> all;
  for (std::vector<T>& list : lists) {
    all.insert(all.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  }
  return all;
}

}  // namespace comap
