#include "faults_table.hpp"

#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>
#include <utility>

namespace spy {

using namespace penstock;

namespace {

/// What one scan is to do.
struct Act {
    std::int64_t rows = 10;
    std::int64_t at = 0;
    std::int64_t bytes = 0;
    std::int64_t row_delay_ms = 0;
    std::int64_t warnings = 0;
    std::string value;
    std::string order;
    std::vector<std::pair<std::string, std::string>> deeds; ///< in their order, before row `at`
};

std::int64_t number_of(const std::string& text) {
    std::int64_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
        throw Exception(ErrorKind::kOption, "\"" + text + "\" is not a number");
    }
    return number;
}

/// What a slow source does.
void pause_ms(std::int64_t milliseconds) {
    (void)poll(nullptr, 0, static_cast<int>(milliseconds));
}

void crash(const std::string& how) {
    struct Death {
        const char* name;
        int signal;
    };
    constexpr std::array<Death, 4> kDeaths{
        {{"segv", SIGSEGV}, {"abort", SIGABRT}, {"kill", SIGKILL}, {"stop", SIGSTOP}}};
    for (const Death& death : kDeaths) {
        if (how == death.name) {
            (void)raise(death.signal); // of this thread: no row more
        }
    }
    if (how == "exit") {
        _exit(3);
    }
    if (how == "quiet_exit") {
        _exit(0);
    }
}

/// Deaf: neither the reader nor the end of the process is noticed.
void hang(const std::string& how, RowSink* rows) {
    for (;;) {
        pause_ms(how == "deaf" ? 1000 : 5);
        if (how != "deaf" && rows != nullptr) {
            rows->check_cancelled();
        }
    }
}

void throw_error(const std::string& sqlstate) {
    Error error = Error::make(ErrorKind::kRemote, "fault on demand", "It was asked for.",
                              "Ask for something else.");
    error.sqlstate = sqlstate;
    throw Exception(std::move(error));
}

/// Anything but an Exception.
void throw_other(const std::string& what) {
    if (what == "bad_alloc") {
        throw std::bad_alloc();
    }
    if (what == "standard") {
        throw std::runtime_error("not an Exception");
    }
    throw 42; // NOLINT(hicpp-exception-baseclass): what the worst of plugins do
}

/// Touches every page, so that the memory is really there, and keeps it.
void take_memory(const std::string& megabytes) {
    for (std::int64_t count = number_of(megabytes); count > 0; --count) {
        constexpr std::size_t kMegabyte = 1U << 20U;
        auto* block = static_cast<char*>(std::malloc(kMegabyte));
        if (block == nullptr) {
            throw std::bad_alloc();
        }
        std::memset(block, 1, kMegabyte);
    }
}

/// Children that outlive nobody, unless the plugin is killed without its group.
void start_processes(const std::string& count) {
    for (std::int64_t left = number_of(count); left > 0; --left) {
        const pid_t child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        if (child < 0) {
            throw Exception(ErrorKind::kLimit, std::string("could not fork: ") + strerror(errno));
        }
    }
}

void flood_stderr(const std::string& bytes) {
    const std::string line(99, 'x');
    for (std::int64_t left = number_of(bytes); left > 0; left -= 100) {
        (void)std::fprintf(stderr, "%s\n", line.c_str());
    }
}

struct Deed {
    const char* name;
    const char* meaning;
    void (*carry_out)(const std::string& value, RowSink* rows);
};

constexpr std::array<Deed, 9> kDeeds{{
    {"crash", "segv, abort, kill, stop (SIGSTOP), exit (code 3), quiet_exit (code 0).",
     [](const std::string& value, RowSink*) { crash(value); }},
    {"hang", "polite (looks for the cancellation) or deaf.", hang},
    {"error", "An Exception with this SQLSTATE.",
     [](const std::string& value, RowSink*) { throw_error(value); }},
    {"throw", "bad_alloc, standard, or a number.",
     [](const std::string& value, RowSink*) { throw_other(value); }},
    {"delay_ms", "A pause.",
     [](const std::string& value, RowSink*) { pause_ms(number_of(value)); }},
    {"memory", "Megabytes that are never given back.",
     [](const std::string& value, RowSink*) { take_memory(value); }},
    {"processes", "Children that are started.",
     [](const std::string& value, RowSink*) { start_processes(value); }},
    {"stderr", "Bytes written to stderr.",
     [](const std::string& value, RowSink*) { flood_stderr(value); }},
    {"flush", "Any value: the rows so far are sent at once.",
     [](const std::string&, RowSink* rows) {
         pause_ms(101);
         if (rows != nullptr) {
             rows->check_cancelled();
         }
     }},
}};

struct Setting {
    const char* name;
    const char* meaning;
    void (*set)(Act& act, const std::string& value);
};

constexpr std::array<Setting, 7> kSettings{{
    {"rows", "How many rows; -1 = without end. 10 unless said.",
     [](Act& act, const std::string& value) { act.rows = number_of(value); }},
    {"at", "Number of the row before which everything else happens. 0 unless said.",
     [](Act& act, const std::string& value) { act.at = number_of(value); }},
    {"bytes", "Length of the words.",
     [](Act& act, const std::string& value) { act.bytes = number_of(value); }},
    {"row_delay_ms", "A pause before each row.",
     [](Act& act, const std::string& value) { act.row_delay_ms = number_of(value); }},
    {"warnings", "Warnings at the end.",
     [](Act& act, const std::string& value) { act.warnings = number_of(value); }},
    {"value", "What is wrong in row `at`: utf8, nul, surrogate, type, range, row.",
     [](Act& act, const std::string& value) { act.value = value; }},
    {"order", "duplicate (each row twice) or unsorted (falling numbers, against the promise).",
     [](Act& act, const std::string& value) { act.order = value; }},
}};

/// Errors: kOption for what is in neither table.
void add(Act& act, const std::string& name, const std::string& value) {
    for (const Setting& setting : kSettings) {
        if (name == setting.name) {
            return setting.set(act, value);
        }
    }
    for (const Deed& deed : kDeeds) {
        if (name == deed.name) {
            act.deeds.emplace_back(name, value);
            return;
        }
    }
    throw Exception(ErrorKind::kOption, "unknown act \"" + name + "\"", {}, "See table acts.");
}

Act parse(const std::string& text) {
    Act act;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const std::size_t equals = std::min(word.find('='), word.size());
        add(act, word.substr(0, equals), equals < word.size() ? word.substr(equals + 1) : "");
    }
    return act;
}

void carry_out(const Act& act, RowSink* rows) {
    for (const auto& [name, value] : act.deeds) {
        const auto deed = std::find_if(kDeeds.begin(), kDeeds.end(),
                                       [&](const Deed& each) { return name == each.name; });
        deed->carry_out(value, rows);
    }
}

class FaultsTable final : public Table {
  public:
    explicit FaultsTable(std::shared_ptr<RequestLog> log) : log_(std::move(log)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& request, RowSink& rows) override {
        const auto send_all = [&] {
            const std::string text = std::get<std::string>(request.quals.at(0).values.at(0));
            send(parse(text), text, rows);
        };
        record(*log_, request, rows, send_all);
    }

  private:
    static void send(const Act& act, const std::string& text, RowSink& rows) {
        for (std::int64_t row = 0; row != act.rows; ++row) {
            if (row == act.at) {
                carry_out(act, &rows);
            }
            pause_ms(act.row_delay_ms);
            send_row(act, text, row, rows);
            if (act.order == "duplicate") {
                send_row(act, text, row, rows);
            }
        }
        if (act.at >= act.rows) {
            carry_out(act, &rows);
        }
        for (std::int64_t count = 0; count < act.warnings; ++count) {
            rows.add_warning("warning " + std::to_string(count));
        }
    }

    static void send_row(const Act& act, const std::string& text, std::int64_t row, RowSink& rows) {
        const std::int64_t number = act.order == "unsorted" ? act.rows - row : row;
        std::vector<Value> values{text, number,
                                  act.bytes == 0
                                      ? "word " + std::to_string(number)
                                      : std::string(static_cast<std::size_t>(act.bytes), 'w'),
                                  number % 100};
        if (row == act.at) {
            spoil(act.value, values);
        }
        if (rows.column_count() == 0) {
            rows.add_count(1);
        } else {
            rows.add_row(values);
        }
    }

    static void spoil(const std::string& how, std::vector<Value>& row) {
        if (how == "utf8") {
            row[2] = std::string("bad \xFF byte");
        } else if (how == "nul") {
            row[2] = std::string("a\0b", 3);
        } else if (how == "surrogate") {
            row[2] = std::string("\xED\xA0\x80");
        } else if (how == "type") {
            row[1] = std::string("no number");
        } else if (how == "range") {
            row[3] = std::int64_t{40'000};
        } else if (how == "row") {
            row.pop_back();
        }
    }

    const std::shared_ptr<RequestLog> log_;
    const TableSchema schema_{.name = "faults",
                              .description = "Misbehaves on demand.",
                              .columns = {{"act",
                                           TypeId::kText,
                                           "NAME=VALUE …, see acts.",
                                           {QualOp::kEq},
                                           {},
                                           KeyKind::kRequired},
                                          {"n", TypeId::kInt8, "0, 1, 2, …"},
                                          {"word", TypeId::kText, "Some text."},
                                          {"small", TypeId::kInt2, "n modulo 100."}},
                              .row_estimate = 10,
                              .ordered_by = {{"n"}}};
};

class ActsTable final : public Table {
  public:
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        for (const Setting& setting : kSettings) {
            rows.add_row(std::vector<Value>{setting.name, setting.meaning});
        }
        for (const Deed& deed : kDeeds) {
            rows.add_row(std::vector<Value>{deed.name, deed.meaning});
        }
    }

  private:
    const TableSchema schema_{
        .name = "acts",
        .description = "What table faults can do.",
        .columns = {{"name", TypeId::kText, ""}, {"meaning", TypeId::kText, ""}}};
};

} // namespace

std::shared_ptr<Table> make_faults_table(std::shared_ptr<RequestLog> log) {
    return std::make_shared<FaultsTable>(std::move(log));
}

std::shared_ptr<Table> make_acts_table() {
    return std::make_shared<ActsTable>();
}

void act_out(const std::string& act) {
    carry_out(parse(act), nullptr);
}

} // namespace spy
