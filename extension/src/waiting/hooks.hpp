#pragma once

namespace penstock::waiting {

/// Installs the hooks that let queries wait for schemas. Once, when the library is loaded.
void install_hooks();

/// The setting penstock.schema_wait_timeout has another value.
void timeout_changed() noexcept;

} // namespace penstock::waiting
