#include "system/dpkg.hpp"
#include "system/keys.hpp"
#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>

namespace penstock::system {

namespace {

constexpr const char* kStatusFile = "/var/lib/dpkg/status";

struct FieldName {
    std::string_view name;
    std::string_view PackageStanza::* member;
};

constexpr std::array kFields = {
    FieldName{"Package", &PackageStanza::name},
    FieldName{"Status", &PackageStanza::status},
    FieldName{"Version", &PackageStanza::version},
    FieldName{"Architecture", &PackageStanza::architecture},
    FieldName{"Section", &PackageStanza::section},
    FieldName{"Priority", &PackageStanza::priority},
    FieldName{"Installed-Size", &PackageStanza::installed_size},
    FieldName{"Maintainer", &PackageStanza::maintainer},
    FieldName{"Homepage", &PackageStanza::homepage},
    FieldName{"Source", &PackageStanza::source},
    FieldName{"Depends", &PackageStanza::depends},
    FieldName{"Description", &PackageStanza::description},
};

/// The word at `position` of "install ok installed".
Value status_word(const PackageStanza& package, std::size_t position) {
    const auto each = words(package.status);
    return each.size() > position ? text_or_null(each[position]) : Value();
}

Value installed_bytes(const PackageStanza& package) {
    const auto kibibytes = to_integer(package.installed_size);
    return kibibytes ? Value(*kibibytes * 1024) : Value();
}

Value summary(const PackageStanza& package) {
    return text_or_null(package.description.substr(0, package.description.find('\n')));
}

/// The lines behind the summary without the blank that each begins with; " ." is an empty line.
Value long_description(const PackageStanza& package) {
    std::string text;
    const auto lines = split(package.description, '\n');
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::string_view line = lines[i].substr(lines[i].starts_with(' ') ? 1 : 0);
        text += i > 1 ? "\n" : "";
        text += line == "." ? std::string_view() : line;
    }
    return text_or_null(text);
}

using Columns = std::vector<ColumnOf<PackageStanza>>;

const Columns& columns() {
    static const Columns list = {
        {key_column("name", TypeId::kText, "Name of the package."),
         [](const PackageStanza& package) -> Value { return printable(package.name); }},
        {column("version", TypeId::kText, "Version that is installed."),
         [](const PackageStanza& package) { return text_or_null(package.version); }},
        {column("architecture", TypeId::kText, "amd64, all, …"),
         [](const PackageStanza& package) { return text_or_null(package.architecture); }},
        {column("status", TypeId::kText,
                "installed, config-files, half-configured, … as dpkg names it."),
         [](const PackageStanza& package) { return status_word(package, 2); }},
        {column("wanted", TypeId::kText,
                "What the administrator asked for: install, hold, deinstall or purge."),
         [](const PackageStanza& package) { return status_word(package, 0); }},
        {column("section", TypeId::kText, "Section of the archive."),
         [](const PackageStanza& package) { return text_or_null(package.section); }},
        {column("priority", TypeId::kText, "required, important, standard, optional or extra."),
         [](const PackageStanza& package) { return text_or_null(package.priority); }},
        {column("installed_size_bytes", TypeId::kInt8,
                "Space that its files take, as its maker estimates it."),
         installed_bytes},
        {column("maintainer", TypeId::kText, "Who looks after it."),
         [](const PackageStanza& package) { return text_or_null(package.maintainer); }},
        {column("homepage", TypeId::kText, "Web page of the software."),
         [](const PackageStanza& package) { return text_or_null(package.homepage); }},
        {column("source", TypeId::kText, "Source package, where it has another name or version."),
         [](const PackageStanza& package) { return text_or_null(package.source); }},
        {column("depends", TypeId::kText, "Packages it depends on, in dpkg's notation."),
         [](const PackageStanza& package) { return text_or_null(package.depends); }},
        {column("summary", TypeId::kText, "What it is, in one line."), summary},
        {column("description", TypeId::kText, "What it is, at length."), long_description},
    };
    return list;
}

void list_packages(const ScanRequest& request, RowsOf<PackageStanza>& rows) {
    const std::string text = read_file(
        kStatusFile, "The table shows dpkg's packages; it needs Debian or a system made from it.");
    rows.sink().add_source_bytes(text.size());
    const auto wanted = text_keys(request, "name");
    for (const PackageStanza& package : parse_dpkg_status(text)) {
        if (allows(wanted, package.name)) {
            rows.add(package);
        }
    }
}

/// Sets the member of the field that this line begins, if it is one that is shown. Lines that
/// continue it make the view longer: they follow it in memory.
void take_line(std::string_view line, PackageStanza& package, std::string_view*& open_field) {
    if (line[0] == ' ' || line[0] == '\t') {
        if (open_field != nullptr) {
            *open_field = std::string_view(open_field->begin(), line.end());
        }
        return;
    }
    open_field = nullptr;
    const std::size_t colon = line.find(':');
    for (const FieldName& field : kFields) {
        if (field.name == line.substr(0, colon)) {
            const std::size_t begin =
                std::min(line.find_first_not_of(" \t", colon + 1), line.size());
            open_field = &(package.*field.member);
            *open_field = line.substr(begin);
            return;
        }
    }
}

} // namespace

std::vector<PackageStanza> parse_dpkg_status(std::string_view text) {
    std::vector<PackageStanza> packages;
    PackageStanza package;
    std::string_view* open_field = nullptr;
    const auto finish = [&] {
        if (!package.name.empty()) {
            packages.push_back(package);
        }
        package = {};
        open_field = nullptr;
    };
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) {
            finish();
        } else {
            take_line(line, package, open_field);
        }
    }
    finish();
    return packages;
}

std::shared_ptr<Table> make_package_table() {
    return std::make_shared<TableOf<PackageStanza>>(
        TableText{"system_package", "Packages that dpkg knows on this machine.", 1500, 10},
        columns(), list_packages);
}

} // namespace penstock::system
