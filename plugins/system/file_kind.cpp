#include "system/file_kind.hpp"

#include <array>
#include <cstddef>
#include <sys/stat.h>

namespace penstock::system {

namespace {

struct KindName {
    unsigned type;
    std::string_view name;
};

constexpr std::array kKinds = {
    KindName{S_IFREG, "file"},         KindName{S_IFDIR, "directory"},
    KindName{S_IFLNK, "symlink"},      KindName{S_IFIFO, "pipe"},
    KindName{S_IFSOCK, "socket"},      KindName{S_IFCHR, "character device"},
    KindName{S_IFBLK, "block device"},
};

/// A special bit takes the place of an execute bit: small when that is set too, else capital.
struct SpecialBit {
    unsigned bit;
    unsigned execute;
    std::size_t position;
    char with_execute;
    char without;
};

constexpr std::array kSpecialBits = {
    SpecialBit{S_ISUID, S_IXUSR, 2, 's', 'S'},
    SpecialBit{S_ISGID, S_IXGRP, 5, 's', 'S'},
    SpecialBit{S_ISVTX, S_IXOTH, 8, 't', 'T'},
};

} // namespace

std::string_view file_kind(unsigned mode) noexcept {
    for (const KindName& each : kKinds) {
        if (each.type == (mode & S_IFMT)) {
            return each.name;
        }
    }
    return "anonymous";
}

std::string permission_text(unsigned mode) {
    std::string text = "rwxrwxrwx";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((mode & (0400U >> i)) == 0) {
            text[i] = '-';
        }
    }
    for (const SpecialBit& special : kSpecialBits) {
        if ((mode & special.bit) != 0) {
            text[special.position] =
                (mode & special.execute) != 0 ? special.with_execute : special.without;
        }
    }
    return text;
}

std::string octal_mode(unsigned mode) {
    std::string text = "0000";
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[text.size() - 1 - i] = static_cast<char>('0' + ((mode >> (3 * i)) & 7U));
    }
    return text;
}

} // namespace penstock::system
