#include "core/qualified_name.hpp"

namespace penstock::core {

namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

bool is_name_start(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
           (static_cast<unsigned char>(letter) & 0x80U) != 0;
}

bool is_name_rest(char letter) {
    return is_name_start(letter) || (letter >= '0' && letter <= '9') || letter == '$';
}

/// One pass over the text. Block comments nest, as in the server's scanner.
class Reader {
  public:
    explicit Reader(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] QualifiedName read() noexcept {
        QualifiedName name{};
        bool has_more = true;
        while (has_more) {
            skip_space();
            if (name.count == QualifiedName::kMaxParts || !read_part(name.parts[name.count])) {
                name.count = 0;
                return name;
            }
            ++name.count;
            skip_space();
            has_more = take('.');
        }
        return name;
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    bool take(char letter) noexcept {
        const bool is_there = at_ < text_.size() && text_[at_] == letter;
        at_ += is_there ? 1 : 0;
        return is_there;
    }

    void skip_space() noexcept {
        for (;;) {
            if (at_ < text_.size() && kSpaces.find(text_[at_]) != std::string_view::npos) {
                ++at_;
            } else if (peek() == '-' && peek(1) == '-') {
                const std::size_t end = text_.find('\n', at_);
                at_ = end == std::string_view::npos ? text_.size() : end;
            } else if (peek() == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return;
            }
        }
    }

    void skip_comment() noexcept {
        int depth = 0;
        do {
            const bool is_open = peek() == '/' && peek(1) == '*';
            const bool is_close = peek() == '*' && peek(1) == '/';
            depth += is_open ? 1 : (is_close ? -1 : 0);
            at_ += is_open || is_close ? 2 : 1;
        } while (depth > 0 && at_ < text_.size());
    }

    bool read_part(char* part) noexcept {
        bytes_ = 0;
        const bool is_read = take('"') ? read_quoted(part) : read_plain(part);
        part[bytes_] = '\0';
        return is_read && bytes_ > 0;
    }

    bool read_plain(char* part) noexcept {
        const bool is_unicode = (peek() == 'U' || peek() == 'u') && peek(1) == '&';
        if (!is_name_start(peek()) || is_unicode) {
            return false;
        }
        while (at_ < text_.size() && is_name_rest(text_[at_])) {
            const char letter = text_[at_++];
            add(part, letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter);
        }
        clip(part);
        return true;
    }

    bool read_quoted(char* part) noexcept {
        while (at_ < text_.size()) {
            const char letter = text_[at_++];
            if (letter == '"' && !take('"')) {
                clip(part);
                return true;
            }
            add(part, letter);
        }
        return false;
    }

    /// One byte more than a name may have is kept, to see that it has to be cut.
    void add(char* part, char letter) noexcept {
        if (bytes_ < QualifiedName::kPartBytes - 1) {
            part[bytes_++] = letter;
        } else if (!is_cut_) {
            is_cut_ = true;
            cut_in_character_ = (static_cast<unsigned char>(letter) & 0xC0U) == 0x80U;
        }
    }

    /// Not in the middle of a character.
    void clip(const char* part) noexcept {
        if (is_cut_ && cut_in_character_) {
            while (bytes_ > 0 && (static_cast<unsigned char>(part[bytes_ - 1]) & 0xC0U) == 0x80U) {
                --bytes_;
            }
            bytes_ -= bytes_ > 0 ? 1 : 0;
        }
        is_cut_ = cut_in_character_ = false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t bytes_ = 0; ///< of the part in hand
    bool is_cut_ = false;
    bool cut_in_character_ = false;
};

} // namespace

QualifiedName read_qualified_name(std::string_view text) noexcept {
    if (!text.starts_with('\'')) {
        return Reader(text).read();
    }
    // A name with a quote or a backslash in it is rare enough to be "not known".
    const std::string_view inside = text.substr(1, text.find('\'', 1) - 1);
    const bool is_plain = inside.size() + 1 < text.size() &&
                          inside.find('\\') == std::string_view::npos &&
                          !text.substr(inside.size() + 2).starts_with('\'');
    return is_plain ? Reader(inside).read() : QualifiedName{};
}

} // namespace penstock::core
