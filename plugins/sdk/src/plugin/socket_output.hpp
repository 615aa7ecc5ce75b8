#pragma once

#include "cancel_signal.hpp"

#include "penstock/plugin/row_sink.hpp"

namespace penstock {

/// Frames into a non-blocking socket, waiting for room or for the cancellation.
/// Lifetime: socket and signal outlive it. Threads: one.
class SocketOutput final : public BlockOutput {
  public:
    SocketOutput(int socket, CancelSignal& cancel) : socket_(socket), cancel_(cancel) {}

    void write_frame(std::span<const std::byte> frame) override;
    /// Writes the frame that ends the stream with an error, unless a frame was left half written.
    /// Waits for room only while the scan is not cancelled. Never fails: nobody is left to tell.
    void write_last_frame(std::span<const std::byte> frame) noexcept;
    void before_waiting(const std::function<void()>& callback) override {
        before_waiting_ = callback;
    }
    [[nodiscard]] bool is_cancelled() const noexcept override { return cancel_.is_raised(); }

  private:
    void wait_for_room();

    int socket_;
    CancelSignal& cancel_;
    bool is_in_frame_ = false; ///< part of a frame has gone out
    std::function<void()> before_waiting_;
};

} // namespace penstock
