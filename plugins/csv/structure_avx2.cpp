#include "csv/structure.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace penstock::csv {

#if defined(__x86_64__)

#define PENSTOCK_AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2,popcnt,lzcnt")))

namespace {

constexpr std::uint32_t kBlockBytes = 64;

/// 64 bytes in two registers.
struct Bytes64 {
    __m256i low;
    __m256i high;
};

PENSTOCK_AVX2 inline std::uint64_t equal_to(const Bytes64& bytes, __m256i wanted) {
    const auto low =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes.low, wanted)));
    const auto high =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes.high, wanted)));
    return low | (std::uint64_t{high} << 32U);
}

/// Bit i of the result = parity of the bits 0…i: set from an odd quote up to the next one.
PENSTOCK_AVX2 inline std::uint64_t prefix_xor(std::uint64_t bits) {
    const __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

struct Raw {
    std::uint64_t delimiters;
    std::uint64_t newlines;
    std::uint64_t quotes;
    std::uint64_t carriage_returns;
};

/// Resolves quotes. Returns false, and changes nothing, when a quote is somewhere it should not
/// be: then the byte-by-byte kernel decides.
PENSTOCK_AVX2 inline bool resolve_quotes(const Raw& raw, Place& place, BlockMasks& masks) {
    const std::uint64_t was_quoted = place == Place::kQuoted ? ~std::uint64_t{0} : 0;
    const std::uint64_t was_closing = place == Place::kQuoteInQuoted ? 1 : 0;
    const std::uint64_t was_start =
        place == Place::kFieldStart || place == Place::kLineStart ? 1 : 0;
    const std::uint64_t inside = prefix_xor(raw.quotes) ^ was_quoted;
    const std::uint64_t delimiters = raw.delimiters & ~inside;
    const std::uint64_t newlines = raw.newlines & ~inside;
    const std::uint64_t opening = raw.quotes & inside;
    const std::uint64_t closing = raw.quotes & ~inside;
    const std::uint64_t after_closing = (closing << 1U) | was_closing;
    const std::uint64_t starts = ((delimiters | newlines) << 1U) | was_start;
    const std::uint64_t crlf = raw.carriage_returns & (raw.newlines >> 1U);
    const std::uint64_t misplaced = (opening & ~(starts | after_closing)) |
                                    (after_closing & ~(delimiters | newlines | raw.quotes | crlf));
    if (misplaced != 0) {
        return false;
    }
    masks.delimiters = delimiters;
    masks.newlines = newlines;
    masks.inner_newlines = static_cast<std::uint32_t>(__builtin_popcountll(raw.newlines & inside));
    constexpr std::uint64_t kLast = std::uint64_t{1} << 63U;
    if ((inside & kLast) != 0) {
        place = Place::kQuoted;
    } else if ((closing & kLast) != 0) {
        place = Place::kQuoteInQuoted;
    } else if ((newlines & kLast) != 0) {
        place = Place::kLineStart;
    } else {
        place = (delimiters & kLast) != 0 ? Place::kFieldStart : Place::kUnquoted;
    }
    return true;
}

/// Could a comment begin in this block? Newlines in quotes count too: only a false alarm.
inline bool may_hold_comment(std::uint64_t newlines, std::uint64_t comment_starts, Place place) {
    const std::uint64_t starts = (newlines << 1U) | (place == Place::kLineStart ? 1 : 0);
    return (starts & comment_starts) != 0;
}

inline bool is_special(Place place) {
    return place == Place::kAfterQuoteCr || place == Place::kCommentPrefix ||
           place == Place::kComment;
}

PENSTOCK_AVX2 std::uint32_t avx2_loop(StructureIndex& index, const char* data, std::uint32_t from,
                                      std::uint32_t to) {
    const Dialect& dialect = index.dialect();
    const bool has_comment = !dialect.comment.empty();
    const __m256i delimiter = _mm256_set1_epi8(dialect.delimiter);
    const __m256i quote = _mm256_set1_epi8(dialect.has_quote ? dialect.quote : '\n');
    const __m256i newline = _mm256_set1_epi8('\n');
    const __m256i carriage_return = _mm256_set1_epi8('\r');
    const __m256i comment = _mm256_set1_epi8(has_comment ? dialect.comment[0] : '\n');
    const std::uint64_t quote_filter = dialect.has_quote ? ~std::uint64_t{0} : 0;
    __m256i any = _mm256_setzero_si256();
    __m256i least = _mm256_set1_epi8(-1);
    for (; from + kBlockBytes <= to; from += kBlockBytes) {
        const char* at = data + from;
        const Bytes64 bytes{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)),
                            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))};
        any = _mm256_or_si256(any, _mm256_or_si256(bytes.low, bytes.high));
        least = _mm256_min_epu8(least, _mm256_min_epu8(bytes.low, bytes.high));
        const Raw raw{equal_to(bytes, delimiter), equal_to(bytes, newline),
                      equal_to(bytes, quote) & quote_filter, equal_to(bytes, carriage_return)};
        Place place = index.place();
        BlockMasks masks;
        const bool is_slow =
            is_special(place) ||
            (has_comment && may_hold_comment(raw.newlines, equal_to(bytes, comment), place)) ||
            !resolve_quotes(raw, place, masks);
        if (is_slow) {
            masks = index.classify_bytes(at, kBlockBytes);
        } else {
            index.set_place(place);
        }
        index.emit(from, masks);
    }
    const __m256i zero = _mm256_cmpeq_epi8(least, _mm256_setzero_si256());
    index.note_bytes(_mm256_movemask_epi8(any) != 0, _mm256_movemask_epi8(zero) != 0);
    return from;
}

} // namespace

StructureIndex::BlockLoop find_vector_kernel() noexcept {
    const bool has_all = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                         __builtin_cpu_supports("popcnt");
    return has_all ? avx2_loop : nullptr;
}

#undef PENSTOCK_AVX2

#else

StructureIndex::BlockLoop find_vector_kernel() noexcept {
    return nullptr;
}

#endif

} // namespace penstock::csv
