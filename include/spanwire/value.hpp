/**
 * @file value.hpp
 * Values and attributes from C++ types. See spanwire.hpp, which includes it.
 *
 *     using namespace std::literals;
 *     const spw::attr list[] = { { "db.system", "sqlite" }, { "rows", 3u }, { "name"sv, std::string("planner") } };
 *     spw_add_event(span, "query", list, std::size(list));
 */
#ifndef SPANWIRE_VALUE_HPP
#define SPANWIRE_VALUE_HPP

#include <spanwire/common.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

namespace spw {

namespace detail {
template <class T> using bare = std::remove_cv_t<std::remove_reference_t<T>>;
template <class T> inline constexpr bool never = false;

/* What spw_set() takes in C, and what C++ has for the same. Enumerations without `class` are integers, as in C. */
template <class T> inline constexpr bool is_plain_enum = std::is_enum_v<T> && std::is_convertible_v<T, long long>;
template <class T> inline constexpr bool is_integer = (std::is_integral_v<T> && sizeof(T) <= 8) || is_plain_enum<T>;
template <class T> inline constexpr bool is_float = std::is_same_v<T, float> || std::is_same_v<T, double>;
template <class T> inline constexpr bool is_chars = std::is_same_v<std::decay_t<T>, char *> || std::is_same_v<std::decay_t<T>, const char *>;
template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T &, std::string_view> && !is_chars<T> && !std::is_same_v<T, std::nullptr_t>;

template <class T, class = void> inline constexpr bool is_range = false;
template <class T>
inline constexpr bool is_range<T, std::void_t<decltype(std::begin(std::declval<const T &>()), std::size(std::declval<const T &>()))>> = true;

template <class T, class = void> inline constexpr bool is_byte_range = false;
template <class T>
inline constexpr bool is_byte_range<T, std::void_t<decltype(std::data(std::declval<const T &>()), std::size(std::declval<const T &>()))>> =
    std::is_same_v<bare<decltype(*std::data(std::declval<const T &>()))>, unsigned char> ||
    std::is_same_v<bare<decltype(*std::data(std::declval<const T &>()))>, std::byte>;

/* Arrays that C takes as they lie: see spw_set_ints() and its like. */
template <class T> constexpr spw_value_type row_of() noexcept
{
    return std::is_same_v<T, std::int64_t>   ? SPW_VALUE_INT
           : std::is_same_v<T, double>       ? SPW_VALUE_DOUBLE
           : std::is_same_v<T, bool>         ? SPW_VALUE_BOOL
           : std::is_same_v<T, const char *> ? SPW_VALUE_STRING
                                             : SPW_VALUE_EMPTY;
}
template <class T, class = void> inline constexpr spw_value_type row_type = SPW_VALUE_EMPTY;
template <class T>
inline constexpr spw_value_type row_type<T, std::void_t<decltype(std::data(std::declval<const T &>()), std::size(std::declval<const T &>()))>> =
    row_of<bare<decltype(*std::data(std::declval<const T &>()))>>();

/* Above INT64_MAX OTLP has no integer: a double, as near as it gets. (set() of one such number keeps it whole, as a decimal string.) */
template <class T> constexpr spw_value integer(T number) noexcept
{
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8)
        if (number > static_cast<T>(INT64_MAX))
            return spw_value_double(static_cast<double>(number));
    return spw_value_int(static_cast<std::int64_t>(number));
}

inline spw_view view(std::string_view text) noexcept
{
    return spw_view{ text.data(), text.size() };
}
} // namespace detail

/** What a view of the C headers looks at: `spw::text(span.name)`. */
inline std::string_view text(const spw_view &view) noexcept
{
    return { view.data, view.size };
}

/** A value of a list: made from bool, every integer, float, double, text, or an spw_value. Text is borrowed. */
struct value : spw_value {
    value() noexcept : spw_value(spw_value_empty()) {}
    value(const spw_value &other) noexcept : spw_value(other) {}
    template <class T, class = std::enable_if_t<!std::is_base_of_v<spw_value, T>>> value(const T &from) noexcept : spw_value(of(from)) {}

  private:
    template <class T> static spw_value of(const T &from) noexcept
    {
        if constexpr (std::is_same_v<T, bool>)
            return spw_value_bool(from);
        else if constexpr (detail::is_plain_enum<T>)
            return detail::integer(static_cast<std::underlying_type_t<T>>(from));
        else if constexpr (detail::is_integer<T>)
            return detail::integer(from);
        else if constexpr (detail::is_float<T>)
            return spw_value_double(static_cast<double>(from));
        else if constexpr (detail::is_chars<T>)
            return spw_value_string(from);
        else if constexpr (detail::is_text<T>) {
            const std::string_view text = from;
            return spw_value_string_n(text.data(), text.size());
        } else
            static_assert(detail::never<T>, "spw::value: a bool, an integer, a float or double, or text; not a pointer, long double or enum class");
    }
};

/** A key and a value, for lists: `span.add_event("retry", { { "attempt", 2 }, { "cause", text } });` Both are borrowed. */
struct attr : spw_attr {
    attr(std::string_view name, const spw::value &from) noexcept : spw_attr{ detail::view(name), from } {}
    template <class T> attr(std::string_view name, const T &from) noexcept : attr(name, spw::value(from)) {}
};

using attrs = std::initializer_list<attr>;

/* Lists of them are handed to C as they lie. */
static_assert(sizeof(value) == sizeof(spw_value) && sizeof(attr) == sizeof(spw_attr), "spanwire.hpp: derived types have no members");

namespace detail {
/* Calls fn(values, count) with the elements as values; with NULL when there is no memory for them. */
template <class Range, class Fn> void with_values(const Range &range, Fn &&fn) noexcept
{
    using element = typename std::iterator_traits<decltype(std::begin(range))>::value_type;
    constexpr std::size_t in_place = 32;
    const std::size_t count = std::size(range);
    value few[in_place];
    std::unique_ptr<value[]> many;
    if (count > in_place)
        many.reset(new (std::nothrow) value[count]);
    value *const values = count > in_place ? many.get() : few, *to = values;
    if (values)
        for (auto &&from : range) {
            if constexpr (std::is_same_v<element, bool>)
                *to++ = value(static_cast<bool>(from)); /* std::vector<bool> has proxies */
            else
                *to++ = value(from);
        }
    fn(static_cast<const spw_value *>(values), count);
}
} // namespace detail
} // namespace spw
#endif
