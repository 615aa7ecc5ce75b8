#include "config/json_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace penstock::config::json {

namespace {

/// Reads bytes and says how far it got: nlohmann's events carry no position of their own.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}

    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        *reached_ = at_;
        return *this;
    }
    friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
        return a.at_ == b.at_;
    }
    friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
        return !(a == b);
    }

  private:
    const char* at_;
    const char** reached_;
};

/// nlohmann's own text says "[json.exception.parse_error.101] parse error at line 1, column 2:
/// syntax error while parsing value - unexpected …; expected …". The part behind the last "- " is
/// for people.
std::string readable(std::string text) {
    if (text.starts_with("[json.exception.")) {
        text.erase(0, text.find("] ") + 2);
    }
    const std::size_t dash = text.find(" - ");
    if (dash != std::string::npos) {
        text.erase(0, dash + 3);
    }
    const std::size_t last_read = text.find("; last read: ");
    if (last_read != std::string::npos) {
        const std::size_t expected = text.find("; expected ", last_read);
        text.erase(last_read,
                   expected == std::string::npos ? std::string::npos : expected - last_read);
    }
    return text;
}

/// nlohmann's SAX interface: its function names are fixed.
class Reader {
  public:
    Reader(std::string_view text, const char** reached) : text_(text), reached_(reached) {}

    bool null() { return add(std::monostate{}); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(std::int64_t value) { return add(value); }
    bool number_unsigned(std::uint64_t value) {
        if (value > static_cast<std::uint64_t>(INT64_MAX)) {
            fail_range(std::to_string(value));
        }
        return add(static_cast<std::int64_t>(value));
    }
    bool number_float(double value, const std::string& digits) {
        if (digits.find_first_of(".eE") == std::string::npos) {
            fail_range(digits);
        }
        return add(value);
    }
    bool string(std::string& value) {
        check_nul(value);
        return add(std::move(value));
    }
    bool binary(nlohmann::json::binary_t& /*bytes*/) { return false; } // JSON text has none

    bool start_object(std::size_t /*count*/) { return open(ObjectExpression{}); }
    bool end_object() { return close(); }
    bool start_array(std::size_t /*count*/) { return open(ListExpression{}); }
    bool end_array() { return close(); }

    bool key(std::string& name) {
        check_nul(name);
        const Mark mark = string_mark();
        auto& object = std::get<ObjectExpression>(open_.back().value);
        const auto same = std::find_if(object.begin(), object.end(),
                                       [&](const ObjectItem& item) { return item.key == name; });
        if (same != object.end() && name != "//") {
            fail(mark, "key \"" + name + "\" is given twice",
                 "It is also in line " + std::to_string(same->start.line) +
                     "; keep one of the two.");
        }
        object.push_back({.key = std::move(name), .start = mark, .value = {}});
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::json::exception& error) {
        const std::size_t offset = std::min(position, text_.size());
        fail(mark_of_offset(text_, offset == 0 ? 0 : offset - 1),
             "invalid JSON: " + readable(error.what()));
    }

    [[nodiscard]] Expression take() { return std::move(root_); }

  private:
    [[nodiscard]] std::size_t offset() const {
        return static_cast<std::size_t>(*reached_ - text_.begin());
    }
    [[nodiscard]] Mark here() { return mark_at(offset() == 0 ? 0 : offset() - 1); }

    /// Of the string that ends at the bytes read so far: back to its opening quote, the first one
    /// with an even number of backslashes before it.
    [[nodiscard]] Mark string_mark() {
        std::size_t at = offset() - 1;
        for (bool is_quote = false; !is_quote && at > 0;) {
            --at;
            const std::size_t other = text_.find_last_not_of('\\', at == 0 ? 0 : at - 1);
            const std::size_t backslashes = at == 0 ? 0 : at - 1 - other;
            is_quote = text_[at] == '"' && backslashes % 2 == 0;
        }
        return mark_at(at);
    }

    /// Offsets only grow, so lines are counted once.
    [[nodiscard]] Mark mark_at(std::size_t offset) {
        while (true) {
            const std::size_t newline = text_.find('\n', line_start_);
            if (newline == std::string_view::npos || newline >= offset) {
                break;
            }
            line_start_ = newline + 1;
            ++line_;
        }
        return {.line = line_, .column = static_cast<int>(offset - line_start_) + 1};
    }

    void check_nul(const std::string& text) {
        if (text.find('\0') != std::string::npos) {
            fail(here(), "a string contains the NUL character", "PostgreSQL cannot store it.");
        }
    }

    [[noreturn]] void fail_range(const std::string& digits) {
        fail(here(), "number \"" + digits + "\" is out of range",
             "Whole numbers go from -9223372036854775808 to 9223372036854775807; put quotes around "
             "longer ones.");
    }

    bool add(decltype(Expression::value) value) {
        place({.value = std::move(value), .start = here()});
        return true;
    }

    void place(Expression expression) {
        if (open_.empty()) {
            root_ = std::move(expression);
        } else if (auto* list = std::get_if<ListExpression>(&open_.back().value)) {
            list->push_back(std::move(expression));
        } else {
            std::get<ObjectExpression>(open_.back().value).back().value = std::move(expression);
        }
    }

    bool open(decltype(Expression::value) value) {
        if (open_.size() == static_cast<std::size_t>(kMaxNesting)) {
            fail(here(), "nested deeper than " + std::to_string(kMaxNesting) + " levels");
        }
        open_.push_back({.value = std::move(value), .start = here()});
        return true;
    }

    bool close() {
        Expression done = std::move(open_.back());
        open_.pop_back();
        done.end_line = here().line;
        place(std::move(done));
        return true;
    }

    std::string_view text_;
    const char** reached_;
    std::size_t line_start_ = 0;
    int line_ = 1;
    std::vector<Expression> open_; ///< lists and objects not closed yet
    Expression root_;
};

} // namespace

void fail(Mark mark, std::string message, std::string hint) {
    throw Fault{Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint)), mark};
}

Expression read(std::string_view text) {
    const char* reached = text.begin();
    Reader reader(text, &reached);
    const CountingIterator begin(text.begin(), &reached);
    const CountingIterator end(text.end(), &reached);
    nlohmann::json::sax_parse(begin, end, &reader);
    return reader.take();
}

} // namespace penstock::config::json
