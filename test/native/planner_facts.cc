// Facts from given texts, and of this host.
#include "check.h"
#include "host/cgroup_facts.h"
#include "host/facts.h"
#include "host/sha256.h"

using namespace veloci;

namespace {

bool cgroups(const char *mountinfo, const char *own, const char *expected) {
  static char mounts[4096], buffer[4096];
  size_t size = strlen(mountinfo);
  memcpy(mounts, mountinfo, size + 1);
  JsonWriter json(buffer, sizeof buffer);
  {
    CgroupFactsWriter facts(json);
    write_cgroup_facts(facts, mounts, size, Slice::of(own));
  }
  bool same = !json.full() && strcmp(buffer, expected) == 0;
  if (!same) printf("got      %s\nexpected %s\n", buffer, expected);
  return same;
}

void test_cgroups() {
  CHECK(cgroups("", "", R"({"mode":"none","v1":[],"v2":null})"));
  // v1 and the named hierarchy; a mount point with a space; the own cgroup below the mount's root.
  CHECK(cgroups("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
                "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                "33 31 0:30 /docker/a /mnt/a\\040b rw - cgroup cgroup rw,xattr,memory\n"
                "34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n",
                "5:memory:/docker/a/own\n4:cpu,cpuacct:/c\n1:name=systemd:/\n",
                R"({"mode":"v1","v1":[)"
                R"({"controllers":"cpu,cpuacct","mount":"/sys/fs/cgroup/cpu,cpuacct","path":"/c"},)"
                R"({"controllers":"memory","mount":"/mnt/a b","path":"/own","root":"/docker/a"},)"
                R"({"controllers":"name=systemd","mount":"/sys/fs/cgroup/systemd","path":"/"}],"v2":null})"));
  // v2; a path beside the mount's root that only begins like it.
  CHECK(cgroups("30 23 0:26 /user /nowhere rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user2/x\n",
                R"({"mode":"v2","v1":[],"v2":{"mount":"/nowhere","path":"/","root":"/user","controllers":[]}})"));
  // Hybrid; a later mount hides the first at the same place.
  CHECK(cgroups("30 23 0:26 / /a rw - cgroup cgroup rw,pids\n31 30 0:27 / /a rw - cgroup cgroup rw,cpu\n"
                "32 31 0:28 / /u rw - cgroup2 cgroup2 rw\n",
                "2:cpu:/x\n0::/y\n",
                R"({"mode":"hybrid","v1":[{"controllers":"cpu","mount":"/a","path":"/x"}],)"
                R"("v2":{"mount":"/u","path":"/y","controllers":[]}})"));
}

void test_json() {
  char buffer[128];
  JsonWriter json(buffer, sizeof buffer);
  json.open('[')
      .string({"a\"\\\n\xff\xc3\xbc", 7})
      .number(18446744073709551615u)
      .boolean(true)
      .integer(-9223372036854775807)
      .null()
      .close(']');
  CHECK(!json.full());
  CHECK(strcmp(buffer, "[\"a\\\"\\\\\\n\xef\xbf\xbd\xc3\xbc\",18446744073709551615,true,-9223372036854775807,null]") ==
        0);
  JsonWriter small(buffer, 4);
  small.open('[').string(Str::of("long")).close(']');
  CHECK(small.full());
}

void test_facts() {
  static char buffer[64 << 10];
  auto write = [](JsonWriter &json) {
    HostFactsWriter facts(json);
    return host_facts({}, facts);
  };
  JsonWriter json(buffer, sizeof buffer), small(buffer, 100);
  CHECK(write(json) == 0 && !json.full());
  Str text = json.text();
  CHECK(text.size > 100 && text.data[0] == '{' && text.data[text.size - 1] == '}');
  CHECK(write(small) == 0 && small.full());
}

void test_listen_fds() {
  char pid[32];
  snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid());
  const char *good[] = {"A=1", "LISTEN_FDS=3", pid, nullptr};
  const char *other[] = {"LISTEN_FDS=3", "LISTEN_PID=2", nullptr};
  const char *absent[] = {"LISTEN_FDS=3", nullptr};
  const char *many[] = {"LISTEN_FDS=1022", pid, nullptr};
  const char *negative[] = {"LISTEN_FDS=-1", pid, nullptr};
  CHECK(listen_fds_of(good) == 3);
  CHECK(listen_fds_of(other) == 0);
  CHECK(listen_fds_of(absent) == 3);
  CHECK(listen_fds_of(many) == 0);
  CHECK(listen_fds_of(negative) == 0);
}

void test_sha256() {
  char hex[Sha256::hex_size + 1];
  sha256_hex({}, hex);
  CHECK(strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
}

} // namespace

int main() {
  test_cgroups();
  test_json();
  test_facts();
  test_listen_fds();
  test_sha256();
  return test::failures == 0 ? 0 : 1;
}
