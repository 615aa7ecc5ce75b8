#include "config/config_folder.hpp"
#include "unit/controller/config/temp_folder.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace penstock::config {
namespace {

/// A folder, a clock that the test moves, and an environment of its own.
class ConfigFolderTest : public testing::Test {
  protected:
    const Configuration& scan() { return config_.rescan(); }
    const Configuration& scan_after(std::int64_t ms) {
        now_ms_ += ms;
        return config_.rescan();
    }
    const Connection& connection(const std::string& name) { return scan().connections.at(name); }
    std::string error_of(const std::string& name) {
        const Connection& found = connection(name);
        return found.error ? found.error->position.to_text() + ": " + found.error->error.message
                           : "";
    }
    std::string file_error(const std::string& name) {
        for (const File& file : scan().files) {
            if (file.path == (folder_ / name).string()) {
                return file.error
                           ? file.error->position.to_text() + ": " + file.error->error.message
                           : "";
            }
        }
        return "no such file";
    }
    static std::string block(const std::string& name, const std::string& more = "") {
        return "connection \"" + name + "\" {\n  plugin = \"csv\"\n" + more + "}\n";
    }

    TempFolder folder_;
    std::int64_t now_ms_ = 1000;
    std::map<std::string, std::string> environment_;
    ConfigFolder config_{folder_.path(),
                         {.hash_key = "0123456789abcdef",
                          .now_ms = [this] { return now_ms_; },
                          .env = [this](const std::string& name) -> std::optional<std::string> {
                              const auto found = environment_.find(name);
                              return found == environment_.end() ? std::nullopt
                                                                 : std::optional(found->second);
                          }}};
};

TEST_F(ConfigFolderTest, reads_hcl_and_json_together) {
    folder_.write("a.spc", block("one", "  n = 1\n  l = [\"x\"]\n"));
    folder_.write("b.json", R"({"connection": {"two": {"plugin": "csv", "n": 1}}})");
    const Configuration& all = scan();
    ASSERT_EQ(all.connections.size(), 2U);
    const Connection& one = all.connections.at("one");
    EXPECT_EQ(one.plugin, "csv");
    EXPECT_EQ(one.plugin_instance, "csv");
    EXPECT_EQ(one.arguments.at("n"), ConfigValue{std::int64_t{1}});
    EXPECT_EQ(one.arguments.count("plugin"), 0U);
    EXPECT_EQ(one.start.to_text(), "a.spc:1:1");
    EXPECT_EQ(one.end_line, 5);
    EXPECT_EQ(one.argument_positions.at("n").to_text(), "a.spc:3:3");
    EXPECT_FALSE(one.error);
    ASSERT_EQ(all.instances.size(), 1U);
    EXPECT_EQ(all.instances.at("csv").source, "csv");
    EXPECT_EQ(all.files.size(), 2U);
    EXPECT_EQ(all.files[0].connection_count, 1);
    EXPECT_TRUE(all.files[0].is_known);
}

TEST_F(ConfigFolderTest, looks_only_at_configuration_files_of_this_folder) {
    for (const char* name :
         {".hidden.spc", "a.spc~", "a.spc.swp", "a.tmp", "a.txt", "sub/b.spc", "a.spc.bak"}) {
        folder_.write(name, "broken {");
    }
    EXPECT_TRUE(scan().files.empty());
}

TEST_F(ConfigFolderTest, keeps_the_last_good_version_of_a_broken_file) {
    folder_.write("a.spc", block("one"));
    folder_.write("b.spc", block("two"));
    const std::string hash = connection("one").config_hash;
    folder_.write("a.spc", block("one", "  x = [\n"));
    EXPECT_EQ(file_error("a.spc"), "a.spc:4:1: expected ',' or ']' in the list");
    EXPECT_EQ(file_error("b.spc"), "");
    EXPECT_EQ(connection("one").config_hash, hash);
    EXPECT_FALSE(connection("one").error);
    EXPECT_EQ(scan().connections.size(), 2U);
    folder_.write("a.spc", block("one", "  x = []\n"));
    EXPECT_EQ(file_error("a.spc"), "");
    EXPECT_NE(connection("one").config_hash, hash);
}

TEST_F(ConfigFolderTest, says_when_a_file_was_never_read_well) {
    folder_.write("a.spc", "broken {");
    ASSERT_EQ(scan().files.size(), 1U);
    EXPECT_FALSE(scan().files[0].is_known);
    folder_.write("a.spc", "");
    EXPECT_TRUE(scan().files[0].is_known);
    folder_.write("a.spc", "broken {");
    EXPECT_TRUE(scan().files[0].is_known);
    EXPECT_TRUE(scan().files[0].error);
}

TEST_F(ConfigFolderTest, believes_that_a_file_is_gone_after_two_seconds) {
    folder_.write("a.spc", block("one"));
    EXPECT_EQ(scan().connections.size(), 1U);
    EXPECT_EQ(config_.rescan_after_ms(), std::nullopt);
    folder_.remove("a.spc");
    EXPECT_EQ(scan().connections.size(), 1U);
    EXPECT_EQ(config_.rescan_after_ms(), 2000);
    EXPECT_EQ(scan_after(1500).connections.size(), 1U);
    EXPECT_EQ(config_.rescan_after_ms(), 500);
    EXPECT_EQ(scan_after(500).connections.size(), 0U);
    EXPECT_EQ(scan().files.size(), 0U);
    EXPECT_EQ(config_.rescan_after_ms(), std::nullopt);
}

TEST_F(ConfigFolderTest, forgets_an_absence_that_was_short) {
    folder_.write("a.spc", block("one"));
    (void)scan();
    folder_.remove("a.spc");
    (void)scan();
    folder_.write("a.spc", block("one"));
    (void)scan_after(1900);
    folder_.remove("a.spc");
    EXPECT_EQ(scan_after(1000).connections.size(), 1U);
}

TEST_F(ConfigFolderTest, believes_that_a_file_is_empty_after_two_seconds) {
    folder_.write("a.spc", block("one"));
    (void)scan();
    folder_.write("a.spc", "");
    EXPECT_EQ(scan().connections.size(), 1U);
    EXPECT_EQ(config_.rescan_after_ms(), 2000);
    EXPECT_EQ(scan_after(2000).connections.size(), 0U);
    EXPECT_EQ(scan().files.size(), 1U);
}

TEST_F(ConfigFolderTest, follows_a_renamed_file_without_seeing_double) {
    folder_.write("a.spc", block("one") +
                               "plugin \"csv\" {}\noptions \"database\" { search_path = \"x\" }\n");
    const std::string hash = connection("one").config_hash;
    folder_.rename("a.spc", "b.spc");
    EXPECT_EQ(error_of("one"), "");
    EXPECT_EQ(connection("one").start.to_text(), "b.spc:1:1");
    EXPECT_EQ(connection("one").config_hash, hash);
    EXPECT_EQ(file_error("b.spc"), "");
}

TEST_F(ConfigFolderTest, removes_a_connection_at_once_when_its_block_goes) {
    folder_.write("a.spc", block("one") + block("two"));
    EXPECT_EQ(scan().connections.size(), 2U);
    folder_.write("a.spc", block("two"));
    EXPECT_EQ(scan().connections.size(), 1U);
}

TEST_F(ConfigFolderTest, gives_the_same_hash_when_only_the_text_moved) {
    folder_.write("a.spc", block("one", "  a = 1\n  b = { x = 1, y = 2 }\n"));
    const std::string hash = connection("one").config_hash;
    EXPECT_EQ(hash.size(), 16U);
    folder_.write("a.spc", "# moved\n\nconnection \"one\" {\n b = {\n y = 2\n x = 1\n }\n plugin = "
                           "\"csv\"\n a = 1 }\n");
    EXPECT_EQ(file_error("a.spc"), "a.spc:9:8: expected end of line");
    folder_.write("a.spc", "# moved\n\nconnection \"one\" {\n b = {\n y = 2\n x = 1\n }\n plugin = "
                           "\"csv\"\n a = 1\n}\n");
    EXPECT_EQ(connection("one").config_hash, hash);
    EXPECT_EQ(connection("one").start.line, 3);
    folder_.write("a.spc", block("one", "  a = 1.0\n  b = { x = 1, y = 2 }\n"));
    EXPECT_NE(connection("one").config_hash, hash);
}

TEST_F(ConfigFolderTest, hashes_depend_on_the_key_of_the_installation) {
    folder_.write("a.spc", block("one", "  password = \"hunter2\"\n"));
    ConfigFolder other(folder_.path(), {.hash_key = "another key"});
    EXPECT_NE(other.rescan().connections.at("one").config_hash, connection("one").config_hash);
}

TEST_F(ConfigFolderTest, puts_a_name_defined_twice_into_error_once) {
    folder_.write("a.spc", block("one") + block("other"));
    folder_.write("b.spc", "\n" + block("one", "x = 1\n"));
    const std::string message =
        "connection \"one\" is defined more than once: a.spc:1:1 and b.spc:2:1";
    EXPECT_EQ(error_of("one"), "a.spc:1:1: " + message);
    EXPECT_EQ(file_error("a.spc"), "a.spc:1:1: " + message);
    EXPECT_EQ(file_error("b.spc"), "b.spc:2:1: " + message);
    EXPECT_EQ(error_of("other"), "");
    folder_.write("b.spc", block("two"));
    EXPECT_EQ(error_of("one"), "");
    EXPECT_EQ(file_error("a.spc"), "");
}

TEST_F(ConfigFolderTest, does_not_take_a_file_that_changes_for_one_that_defines_nothing) {
    // Its length is never what stat says, as that of a file that somebody writes.
    std::filesystem::create_symlink("/proc/self/status", folder_ / "a.spc");
    const Configuration& all = scan();
    ASSERT_EQ(all.files.size(), 1U);
    EXPECT_FALSE(all.files[0].is_known);
    EXPECT_EQ(file_error("a.spc"), "a.spc: file \"a.spc\" changes while it is read");
    EXPECT_EQ(config_.rescan_after_ms(), 200);
    std::filesystem::remove(folder_ / "a.spc");
    folder_.write("a.spc", block("one"));
    EXPECT_EQ(scan().connections.size(), 1U);
    EXPECT_EQ(file_error("a.spc"), "");
}

TEST_F(ConfigFolderTest, blames_the_file_for_a_name_that_no_row_can_have) {
    folder_.write("a.spc", block("one") + block(""));
    folder_.write("b.spc", block("two") + block(std::string(1001, 'x')));
    folder_.write("c.json", R"({"connection": {"n\u0000": {"plugin": "csv"}}})");
    EXPECT_EQ(file_error("a.spc"), "a.spc:4:1: connection name is empty");
    EXPECT_EQ(file_error("b.spc"), "b.spc:4:1: connection name is 1001 bytes long, more than 63");
    EXPECT_NE(file_error("c.json"), "");
    EXPECT_EQ(scan().connections.size(), 2U);
    EXPECT_EQ(error_of("one"), "");
    EXPECT_EQ(error_of("two"), "");
}

TEST_F(ConfigFolderTest, sees_a_name_defined_twice_in_one_file) {
    folder_.write("a.spc", block("one") + block("one") + block("one"));
    EXPECT_EQ(error_of("one"), "a.spc:1:1: connection \"one\" is defined more than once: "
                               "a.spc:1:1, a.spc:4:1 and a.spc:7:1");
}

TEST_F(ConfigFolderTest, keeps_an_instance_whose_label_is_suddenly_defined_twice) {
    folder_.write("b.spc", "plugin \"csv\" {\n memory_max_mb = 100\n}\n" + block("one"));
    EXPECT_EQ(scan().instances.at("csv").memory_max_mb, 100);
    folder_.write("a.spc", "plugin \"csv\" {\n memory_max_mb = 200\n}\n");
    EXPECT_EQ(file_error("a.spc"),
              "a.spc:1:1: plugin \"csv\" is defined more than once: a.spc:1:1 and b.spc:1:1");
    EXPECT_EQ(file_error("b.spc"),
              "b.spc:1:1: plugin \"csv\" is defined more than once: a.spc:1:1 and b.spc:1:1");
    EXPECT_EQ(scan().instances.at("csv").memory_max_mb, 100);
    EXPECT_EQ(error_of("one"), "");
}

TEST_F(ConfigFolderTest, keeps_options_that_are_suddenly_defined_twice) {
    folder_.write("b.spc", "options \"database\" {\n search_path = \" a , b\"\n}\n");
    const std::vector<std::string> before = {"a", "b"};
    EXPECT_EQ(scan().database.search_path, before);
    folder_.write("a.spc", "options \"database\" {\n search_path_prefix = [\"c\"]\n}\n");
    EXPECT_NE(file_error("a.spc").find("defined more than once"), std::string::npos);
    EXPECT_EQ(scan().database.search_path, before);
    folder_.remove("b.spc");
    EXPECT_EQ(scan().database.search_path, std::nullopt);
    EXPECT_EQ(scan().database.search_path_prefix, std::vector<std::string>{"c"});
}

TEST_F(ConfigFolderTest, resolves_secrets_again_on_every_scan) {
    environment_["TOKEN"] = "s3cret";
    folder_.write("key.txt", "from file\n");
    folder_.write("a.spc", block("one", "  t = env(\"TOKEN\")\n  f = [file(\"key.txt\")]\n"));
    EXPECT_EQ(connection("one").arguments.at("t"), ConfigValue{std::string("s3cret")});
    EXPECT_EQ(connection("one").arguments.at("f"),
              ConfigValue{ConfigValue::List{{std::string("from file")}}});
    const std::string hash = connection("one").config_hash;
    folder_.write("key.txt", "changed");
    EXPECT_NE(connection("one").config_hash, hash);
    environment_.clear();
    EXPECT_EQ(error_of("one"), "a.spc:3:3: environment variable \"TOKEN\" is not set (argument "
                               "\"t\" of connection \"one\")");
    EXPECT_EQ(file_error("a.spc"), "");
    environment_["TOKEN"] = "x";
    folder_.remove("key.txt");
    EXPECT_EQ(error_of("one"),
              "a.spc:4:3: could not read file \"key.txt\": No such file or directory "
              "(argument \"f\" of connection \"one\")");
}

TEST_F(ConfigFolderTest, never_shows_the_value_of_a_secret) {
    environment_["TOKEN"] = "hunter2\xff";
    folder_.write("bad", "hunter2\xff");
    folder_.write("a.spc", block("one", "  t = env(\"TOKEN\")\n") +
                               block("two", "  t = file(\"bad\")\n") +
                               block("three", "  import_schema = env(\"MODE\")\n"));
    environment_["MODE"] = "hunter2";
    for (const char* name : {"one", "two", "three"}) {
        const Connection& found = connection(name);
        ASSERT_TRUE(found.error) << name;
        const Error& error = found.error->error;
        EXPECT_EQ((error.message + error.detail + error.hint).find("hunter2"), std::string::npos)
            << name;
    }
}

TEST_F(ConfigFolderTest, refuses_what_is_no_regular_file_without_waiting_for_it) {
    ASSERT_EQ(::mkfifo((folder_ / "fifo.spc").c_str(), 0600), 0);
    std::filesystem::create_directory(folder_ / "folder.spc");
    std::filesystem::create_symlink("/dev/zero", folder_ / "zero.spc");
    std::filesystem::create_symlink("nowhere", folder_ / "dangling.spc");
    folder_.write("a.spc", block("one", "  f = file(\"fifo.spc\")\n"));
    EXPECT_EQ(file_error("fifo.spc"),
              "fifo.spc: could not read file \"fifo.spc\": not a regular file");
    EXPECT_EQ(file_error("folder.spc"),
              "folder.spc: could not read file \"folder.spc\": not a regular file");
    EXPECT_EQ(file_error("zero.spc"),
              "zero.spc: could not read file \"zero.spc\": not a regular file");
    EXPECT_EQ(
        file_error("dangling.spc"),
        "dangling.spc: could not read file \"dangling.spc\": the symbolic link points at nothing");
    EXPECT_NE(error_of("one").find("not a regular file"), std::string::npos);
}

TEST_F(ConfigFolderTest, refuses_a_file_of_more_than_a_megabyte_and_keeps_the_old_one) {
    folder_.write("a.spc", block("one"));
    (void)scan();
    folder_.append("a.spc", "# " + std::string(1024 * 1024, 'x'));
    EXPECT_EQ(file_error("a.spc"), "a.spc: could not read file \"a.spc\": larger than 1 MiB");
    EXPECT_EQ(error_of("one"), "");
}

TEST_F(ConfigFolderTest, refuses_a_file_that_everybody_may_write) {
    folder_.write("a.spc", block("one"));
    (void)scan();
    ::chmod((folder_ / "a.spc").c_str(), 0666);
    EXPECT_EQ(file_error("a.spc"), "a.spc: file \"a.spc\" can be written by every user");
    EXPECT_EQ(error_of("one"), "");
    ::chmod((folder_ / "a.spc").c_str(), 0600);
    EXPECT_EQ(file_error("a.spc"), "");
}

TEST_F(ConfigFolderTest, refuses_a_file_that_it_may_not_read) {
    folder_.write("a.spc", block("one"));
    ::chmod((folder_ / "a.spc").c_str(), 0000);
    const bool is_root = ::geteuid() == 0;
    if (is_root) { // root reads everything
        ::chmod(folder_.path().c_str(), 0755);
        ASSERT_EQ(::seteuid(65'534), 0);
    }
    const std::string error = file_error("a.spc");
    if (is_root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(error, "a.spc: could not read file \"a.spc\": Permission denied");
}

TEST_F(ConfigFolderTest, follows_symbolic_links_as_kubernetes_swaps_them) {
    folder_.write("v1/a.spc", block("one"));
    folder_.write("v2/a.spc", block("two"));
    std::filesystem::create_symlink("v1", folder_ / "..data");
    std::filesystem::create_symlink("..data/a.spc", folder_ / "a.spc");
    EXPECT_EQ(scan().connections.count("one"), 1U);
    std::filesystem::create_symlink("v2", folder_ / "..data_tmp");
    folder_.rename("..data_tmp", "..data");
    EXPECT_EQ(scan().connections.count("one"), 0U);
    EXPECT_EQ(scan().connections.count("two"), 1U);
}

TEST_F(ConfigFolderTest, sees_a_change_of_equal_length) {
    folder_.write("a.spc", block("one"));
    for (const char* name : {"two", "six", "ten"}) {
        folder_.write("a.spc", block(name));
        ASSERT_EQ(scan().connections.count(name), 1U) << name;
    }
}

TEST_F(ConfigFolderTest, keeps_everything_while_the_folder_is_away) {
    folder_.write("config/a.spc", block("one"));
    ConfigFolder config(folder_ / "config", {.now_ms = [this] { return now_ms_; }});
    EXPECT_EQ(config.rescan().connections.size(), 1U);
    folder_.rename("config", "elsewhere");
    now_ms_ += 60'000;
    EXPECT_EQ(config.rescan().connections.size(), 1U);
    ASSERT_EQ(config.rescan().files.size(), 2U);
    EXPECT_EQ(config.rescan().files[0].error->error.message, "could not list folder \"" +
                                                                 (folder_ / "config").string() +
                                                                 "\": No such file or directory");
    folder_.rename("elsewhere", "config");
    EXPECT_EQ(config.rescan().connections.size(), 1U);
    EXPECT_EQ(config.rescan().files.size(), 1U);
}

TEST_F(ConfigFolderTest, says_that_nothing_is_known_of_a_folder_that_was_never_there) {
    ConfigFolder config(folder_ / "missing");
    ASSERT_EQ(config.rescan().files.size(), 1U);
    EXPECT_FALSE(config.rescan().files[0].is_known);
}

} // namespace
} // namespace penstock::config
