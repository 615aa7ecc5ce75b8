#include "penstock/types/type.hpp"

#include <gtest/gtest.h>

#include <set>

namespace penstock {
namespace {

TEST(Type, finds_each_type_by_id_name_and_oid) {
    std::set<std::uint32_t> oids;
    for (const TypeInfo& type : all_types()) {
        EXPECT_EQ(find_type(type.id), &type);
        EXPECT_EQ(find_type_by_name(type.sql_name), &type);
        EXPECT_EQ(find_type_by_oid(type.oid), &type);
        oids.insert(type.oid);
    }
    EXPECT_EQ(oids.size(), 18U);
}

TEST(Type, knows_the_names_that_people_write) {
    EXPECT_EQ(find_type_by_name("bigint")->id, TypeId::kInt8);
    EXPECT_EQ(find_type_by_name("integer")->id, TypeId::kInt4);
    EXPECT_EQ(find_type_by_name("double precision")->id, TypeId::kFloat8);
    EXPECT_EQ(find_type_by_name("timestamp with time zone")->id, TypeId::kTimestamptz);
    EXPECT_EQ(find_type_by_name("varchar")->id, TypeId::kText);
}

TEST(Type, has_no_entry_for_what_is_not_a_type) {
    EXPECT_EQ(find_type(static_cast<TypeId>(0)), nullptr);
    EXPECT_EQ(find_type(static_cast<TypeId>(19)), nullptr);
    EXPECT_EQ(find_type_by_name("money"), nullptr);
    EXPECT_EQ(find_type_by_name(""), nullptr);
    EXPECT_EQ(find_type_by_oid(0), nullptr);
}

TEST(Type, names_the_element_of_arrays) {
    EXPECT_EQ(find_type(TypeId::kTextArray)->element, TypeId::kText);
    EXPECT_EQ(find_type(TypeId::kInt8Array)->element, TypeId::kInt8);
    EXPECT_EQ(find_type(TypeId::kText)->element, TypeId::kText);
}

} // namespace
} // namespace penstock
