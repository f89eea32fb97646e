#include "config/mask_credentials.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

TEST(MaskCredentials, ReplacesOnlyPasswords) {
  EXPECT_EQ(mask_credentials("postgresql://u:p@h:1/d"), "postgresql://u:****@h:1/d");
  EXPECT_EQ(mask_credentials("postgresql://u@h:1/d"), "postgresql://u@h:1/d");
  EXPECT_EQ(mask_credentials("postgresql://h:1/d"), "postgresql://h:1/d");
  EXPECT_EQ(mask_credentials("postgresql://u:p/?@q@h/d"), "postgresql://u:****@h/d");
  EXPECT_EQ(mask_credentials("postgresql://h/d?PASSWORD=p%20q&x=1"), "postgresql://h/d?PASSWORD=****&x=1");
  EXPECT_EQ(mask_credentials("host=h password='a b\\'c' user=u"), "host=h password=**** user=u");
  EXPECT_EQ(mask_credentials("host=h password=abc sslpassword = d user=u"),
            "host=h password=**** sslpassword = **** user=u");
  EXPECT_EQ(mask_credentials("password password='open x"), "password password=**** x");
  EXPECT_EQ(mask_credentials("password = " + std::string(1000000, 'x')), "password = ****");
  EXPECT_EQ(mask_credentials("postgresql:/u:p@h/d"), "postgresql:****@h/d");
  EXPECT_EQ(mask_credentials("postgresql:/h/d?password=p"), "postgresql:/h/d?password=****");
  EXPECT_EQ(mask_credentials("sqlite:/data/a@b:c@d.db"), "sqlite:/data/a@b:c@d.db");
}

TEST(MaskCommand, ReplacesWhatMayBeSecret) {
  EXPECT_EQ(mask_command("ssh host list-observations -p 2222"), "ssh host list-observations -p 2222");
  EXPECT_EQ(mask_command("ssh host 'a  list'"), "ssh host 'a  list'");
  EXPECT_EQ(mask_command("sshpass -p s3 ssh -p 22 host"), "sshpass -p **** ssh -p 22 host");
  EXPECT_EQ(mask_command("/usr/bin/sshpass  -ps3 ssh -p22"), "/usr/bin/sshpass  -p**** ssh -p22");
  EXPECT_EQ(mask_command("SSHPASS='a b' sshpass -e ssh"), "SSHPASS=**** sshpass -e ssh");
  EXPECT_EQ(mask_command("get --password=s3 --token s4 x"), "get --password=**** --token **** x");
  EXPECT_EQ(mask_command("curl -u me:s3 https://me:s4@host/list"), "curl -u me:**** https://me:****@host/list");
  EXPECT_EQ(mask_command("curl -H 'Authorization: Bearer s3' host"), "curl -H **** host");
  EXPECT_EQ(mask_command("me@host:"), "me@host:");
  EXPECT_EQ(mask_command(""), "");
}

}  // namespace
}  // namespace comap
