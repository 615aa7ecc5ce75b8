#include "penstock/types/sort_key.hpp"

#include <algorithm>

namespace penstock {

namespace {

bool is_plain(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '_';
}

std::string quoted(const std::string& name) {
    if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) {
        return name;
    }
    std::string text = "\"";
    for (const char character : name) {
        text += character == '"' ? "\"\"" : std::string(1, character);
    }
    return text + '"';
}

class Reader {
  public:
    explicit Reader(std::string_view text) : all_(text), rest_(text) {}

    [[nodiscard]] bool is_at_end() {
        skip_spaces();
        return rest_.empty();
    }

    /// False: the text goes on with something else.
    bool take(std::string_view word) {
        skip_spaces();
        const std::string_view found = word == "," ? rest_.substr(0, 1) : next_word();
        if (found != word) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    /// Empty: there is none.
    std::string take_name() {
        skip_spaces();
        if (rest_.empty() || rest_.front() != '"') {
            const std::string_view word = next_word();
            rest_.remove_prefix(word.size());
            return std::string(word);
        }
        std::string name;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            const bool is_quote = rest_[at] == '"';
            if (is_quote && rest_.substr(at + 1, 1) != "\"") {
                rest_.remove_prefix(at + 1);
                return name;
            }
            name += rest_[at];
            at += is_quote ? 1 : 0;
        }
        return {};
    }

    [[nodiscard]] Error expected(const char* what) const {
        return Error::make(ErrorKind::kOption, "\"" + std::string(all_) + "\" is no order of rows",
                           std::string(what) + " is expected before \"" + std::string(rest_) +
                               "\".",
                           "An order looks like: day desc, \"My name\" asc nulls first.");
    }

  private:
    void skip_spaces() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    }
    [[nodiscard]] std::string_view next_word() const {
        const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), is_plain);
        return rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    }

    std::string_view all_;
    std::string_view rest_;
};

} // namespace

std::string to_text(const std::vector<SortKey>& keys) {
    std::string text;
    for (const SortKey& key : keys) {
        text += (text.empty() ? "" : ", ") + quoted(key.column);
        text += key.is_descending ? " desc" : "";
        if (key.is_nulls_first != key.is_descending) {
            text += key.is_nulls_first ? " nulls first" : " nulls last";
        }
    }
    return text;
}

Result<std::vector<SortKey>> sort_keys_from_text(std::string_view text) {
    std::vector<SortKey> keys;
    Reader reader(text);
    if (reader.is_at_end()) {
        return keys;
    }
    do {
        SortKey key;
        key.column = reader.take_name();
        if (key.column.empty()) {
            return reader.expected("The name of a column");
        }
        key.is_descending = reader.take("desc");
        if (!key.is_descending) {
            static_cast<void>(reader.take("asc"));
        }
        key.is_nulls_first = key.is_descending;
        if (reader.take("nulls")) {
            key.is_nulls_first = reader.take("first");
            if (!key.is_nulls_first && !reader.take("last")) {
                return reader.expected("\"first\" or \"last\"");
            }
        }
        keys.push_back(std::move(key));
    } while (reader.take(","));
    if (!reader.is_at_end()) {
        return reader.expected("A comma, or the end,");
    }
    return keys;
}

} // namespace penstock
