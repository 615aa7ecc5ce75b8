#include "csv/gzip_source.hpp"

#include "penstock/types/error.hpp"

#include <algorithm>
#include <utility>
#include <vector>
#include <zlib.h>

namespace penstock::csv {

namespace {

constexpr std::size_t kInputBytes = 64U << 10;
/// zlib: 15 bits of window, and 16 = a gzip header is expected.
constexpr int kGzipWindow = 15 + 16;

class GzipSource final : public ByteSource {
  public:
    GzipSource(std::string path, std::unique_ptr<ByteSource> compressed)
        : path_(std::move(path)), compressed_(std::move(compressed)), input_(kInputBytes) {
        if (inflateInit2(&stream_, kGzipWindow) != Z_OK) {
            throw Exception(ErrorKind::kLimit, "out of memory for gzip");
        }
    }
    GzipSource(const GzipSource&) = delete;
    GzipSource& operator=(const GzipSource&) = delete;
    ~GzipSource() override { inflateEnd(&stream_); }

    std::size_t read(std::span<char> room) override {
        stream_.next_out = reinterpret_cast<Bytef*>(room.data());
        stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), 1U << 30U));
        const uInt wanted = stream_.avail_out;
        while (stream_.avail_out == wanted && wanted != 0) {
            if (stream_.avail_in == 0 && !refill()) {
                require_end_of_member();
                return 0;
            }
            step();
        }
        return wanted - stream_.avail_out;
    }
    [[nodiscard]] std::uint64_t source_bytes() const noexcept override {
        return compressed_->source_bytes() - stream_.avail_in;
    }

  private:
    bool refill() {
        const std::size_t got = compressed_->read(input_);
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(got);
        return got != 0;
    }

    void require_end_of_member() const {
        if (is_in_member_) {
            throw_damaged("it ends in the middle");
        }
    }

    void step() {
        if (!is_in_member_) {
            inflateReset(&stream_);
            is_in_member_ = true;
        }
        const int answer = inflate(&stream_, Z_NO_FLUSH);
        if (answer == Z_STREAM_END) {
            is_in_member_ = false;
        } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
            throw_damaged(stream_.msg != nullptr ? stream_.msg : "unexpected data");
        }
    }

    [[noreturn]] void throw_damaged(const std::string& reason) const {
        throw Exception(ErrorKind::kData, "gzip file \"" + path_ + "\" is damaged: " + reason,
                        "Byte " + std::to_string(source_bytes()) + " of the compressed file.");
    }

    std::string path_;
    std::unique_ptr<ByteSource> compressed_;
    std::vector<char> input_;
    z_stream stream_{};
    bool is_in_member_ = false;
};

} // namespace

std::unique_ptr<ByteSource> make_gzip_source(std::string path,
                                             std::unique_ptr<ByteSource> compressed) {
    return std::make_unique<GzipSource>(std::move(path), std::move(compressed));
}

} // namespace penstock::csv
