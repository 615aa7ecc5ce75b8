#pragma once

#include "cluster/home.hpp"

#include <string>

namespace penstock::cluster {

/// What the private server must hold before penstockd can work: the database, the extension, the
/// login roles with passwords of their own, the search path. Each step looks first and changes only
/// what is missing, so it runs at every start. The server must run; the caller is the OS user that
/// its superuser is mapped to.
class Bootstrap {
  public:
    explicit Bootstrap(Home home);

    void create_database();
    /// CREATE EXTENSION, or ALTER EXTENSION UPDATE. Its script makes penstock_owner and
    /// penstock_users. Errors: Exception kNotFound when it is not installed (the hint says how).
    void create_extension();
    /// Role `penstock` (member of penstock_users), random passwords, the two password files. A
    /// password that works is kept, so that running sessions of psql go on.
    void create_logins();
    /// The database belongs to the owner role; nobody but our roles may connect; `penstock` is on
    /// the search path unless the controller has put its own there.
    void set_defaults();

    /// All of it, in order. Errors: Exception with the server's message.
    void run();

  private:
    void ensure_login(const std::string& role, const std::filesystem::path& password_file);

    Home home_;
};

/// 32 bytes of the system's randomness, in hexadecimal.
[[nodiscard]] std::string random_password();

} // namespace penstock::cluster
