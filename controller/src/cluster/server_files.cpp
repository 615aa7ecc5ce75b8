#include "cluster/server_files.hpp"

#include "cluster/file_descriptor.hpp"
#include "penstock/types/error.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace penstock::cluster {
namespace {

/// Settings that no path is part of, each with its reason.
constexpr const char* kFixedSettings = R"(
listen_addresses = ''                           # a socket in a folder of ours, nothing else
unix_socket_permissions = 0700
port = 5432                                     # names the socket file; sockets are per home
password_encryption = 'scram-sha-256'
max_locks_per_transaction = 2048                # a refresh locks up to 500 tables in a transaction
idle_in_transaction_session_timeout = '10min'   # a forgotten transaction may not hold up refreshes
client_connection_check_interval = '10s'        # a scan ends when its client is gone
log_lock_waits = on
log_statement = 'none'                          # statements may hold secrets
log_line_prefix = '%m [%p] %q%u@%d '
jit = off                                       # costs more than it gives on foreign scans
fsync = on
)";

std::string escape(std::string_view text, std::string_view special) {
    std::string escaped;
    for (const char letter : text) {
        if (special.find(letter) != std::string_view::npos) {
            escaped += '\\';
        }
        escaped += letter;
    }
    return escaped;
}

/// What libpq would otherwise take from the environment of whoever calls: a PGPASSWORD for another
/// server would beat the password file, a PGHOSTADDR our socket. Empty counts as not given.
constexpr const char* kIgnoredEnvironment =
    " password='' hostaddr='' options='' requirepeer='' channel_binding=prefer gssencmode=disable"
    " target_session_attrs=any";

/// An element of a list of folders: quoted, so that a comma or a space does not end it.
std::string quote_list_element(const std::string& value) {
    std::string quoted = "\"";
    for (const char letter : value) {
        quoted += letter == '"' ? "\"\"" : std::string(1, letter);
    }
    return quoted + "\"";
}

} // namespace

std::string quote_setting(const std::string& value) {
    std::string quoted = "'";
    for (const char letter : value) {
        if (letter == '\'' || letter == '\\') {
            quoted += letter;
        }
        quoted += letter;
    }
    return quoted + "'";
}

std::string server_configuration(const ServerSettings& settings) {
    std::string text = "# Written by \"penstock service start\"; changes here are lost.\n"
                       "# Put your own settings at the end of postgresql.conf.";
    text += kFixedSettings;
    text += "unix_socket_directories = " +
            quote_setting(quote_list_element(settings.socket_folder.string())) + "\n";
    text += "shared_preload_libraries = " + quote_setting(settings.preload) + "\n";
    if (!settings.library_folder.empty()) {
        text += "dynamic_library_path = " +
                quote_setting(settings.library_folder.string() + ":$libdir") + "\n";
    }
    return text;
}

std::string host_based_authentication() {
    return "# Written by \"penstock service start\"; changes here are lost.\n"
           "local all " +
           std::string(kSuperuser) +
           " peer map=penstock\n"
           "local all all scram-sha-256\n";
}

std::string ident_map(const std::string& service_user) {
    // A leading slash would make a regular expression of the name; quotes keep spaces together.
    return "penstock \"" + service_user + "\" " + kSuperuser + "\n";
}

std::string pgpass_line(const std::string& host, const std::string& database,
                        const std::string& role, const std::string& password) {
    std::string line;
    for (const std::string& field : {host, std::string(kPort), database, role, password}) {
        line += (line.empty() ? "" : ":") + escape(field, ":\\");
    }
    return line;
}

std::string pgpass_any_line(const std::string& password) {
    return "*:*:*:*:" + escape(password, ":\\");
}

std::string quote_conninfo(const std::string& value) {
    return "'" + escape(value, "'\\") + "'";
}

std::string connection_string(const Home& home, const std::string& role,
                              const std::string& database,
                              const std::filesystem::path& password_file) {
    std::string text = "host=" + quote_conninfo(home.server_socket_folder().string()) +
                       " port=" + kPort + " dbname=" + quote_conninfo(database) +
                       " user=" + quote_conninfo(role) + kIgnoredEnvironment;
    if (!password_file.empty()) {
        text += " passfile=" + quote_conninfo(password_file.string());
    }
    return text;
}

void write_private_file(const std::filesystem::path& file, const std::string& text) {
    const std::string draft = file.string() + ".new";
    ::unlink(draft.c_str());
    bool is_written = false;
    {
        const FileDescriptor target(
            ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        is_written = target && ::write(target.get(), text.data(), text.size()) ==
                                   static_cast<ssize_t>(text.size());
    }
    if (!is_written || std::rename(draft.c_str(), file.c_str()) != 0) {
        throw Exception(ErrorKind::kPermission,
                        "could not write file \"" + file.string() + "\": " + std::strerror(errno));
    }
}

} // namespace penstock::cluster
