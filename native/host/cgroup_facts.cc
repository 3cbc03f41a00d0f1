#include "host/cgroup_facts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/mountinfo.h"

namespace veloci {
namespace {

// systemd needs 12 hierarchies on cgroup v1; nobody mounts more than a few besides.
constexpr uint32_t max_hierarchies = 32;

// The controllers (or the name) of a v1 hierarchy: the file system's options without the common ones.
bool is_controller(Slice option) {
  constexpr const char *others[] = {"rw",          "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode",
                                    "favordynmods"};
  for (const char *other : others) {
    if (option.equals(other)) return false;
  }
  return !option.starts_with(Slice::of("release_agent="));
}

// Finds the own cgroup in `ID:CONTROLLERS:PATH` lines; `controller` empty: v2.
Slice own_path(Slice cgroups, Slice controller) {
  while (!cgroups.empty()) {
    Slice line = cgroups.cut('\n');
    line.cut(':');
    Slice controllers = line.cut(':');
    if (controllers.empty() && controller.empty()) return line;
    while (!controllers.empty()) {
      Slice name = controllers.cut(',');
      if (name.size() == controller.size() && name.starts_with(controller)) return line;
    }
  }
  return {};
}

// Whether the hierarchy's root is mounted, and not a cgroup of it.
bool is_whole(const Mount &mount) { return mount.root.equals("/"); }

// A cgroup's path seen from a mount whose root is `root`; "/" when it lies outside.
Slice below(Slice path, Slice root) {
  constexpr const char *top = "/";
  if (root.size() > 1) {
    bool inside = path.starts_with(root) && (path.size() == root.size() || path.begin[root.size()] == '/');
    path = inside ? Slice{path.begin + root.size(), path.end} : Slice{};
  }
  return path.empty() || *path.begin != '/' ? Slice{top, top + 1} : path;
}

// MOUNT/CGROUP/FILE; false when that is too long for a path.
bool path_of(char (&path)[PATH_MAX], Slice point, Slice own, const char *file) {
  int length = snprintf(path, sizeof path, "%.*s%.*s/%s", static_cast<int>(point.size()), point.begin,
                        static_cast<int>(own.size()), own.begin, file);
  return length < PATH_MAX;
}

// Whether the caller may make cgroups below its own.
bool is_writable(Slice point, Slice own) {
  char path[PATH_MAX];
  auto usable = [&](const char *file) { return path_of(path, point, own, file) && access(path, W_OK) == 0; };
  return usable(".") && usable("cgroup.procs");
}

// The controllers that a cgroup of v2 has.
void write_controllers(StringListWriter list, Slice point, Slice own) {
  char path[PATH_MAX], text[512];
  ssize_t size = path_of(path, point, own, "cgroup.controllers") ? read_text(AT_FDCWD, path, text, sizeof text) : -1;
  Slice names = Slice{text, text + (size > 0 ? size : 0)}.cut('\n');
  while (!names.empty()) list.add(names.cut(' ').str());
}

void write_v1(CgroupV1Writer facts, const Mount &mount, Slice cgroups, bool delegation) {
  char names[256];
  size_t size = 0;
  Slice first;
  Slice options = mount.options;
  while (!options.empty()) {
    Slice option = options.cut(',');
    if (!is_controller(option) || size + option.size() + 1 > sizeof names) continue;
    if (size != 0) names[size++] = ',';
    memcpy(names + size, option.begin, option.size());
    size += option.size();
    if (first.empty()) first = option;
  }
  Slice own = below(own_path(cgroups, first), mount.root);
  facts.controllers({names, static_cast<uint32_t>(size)}).mount(mount.point.str()).path(own.str());
  if (!is_whole(mount)) facts.root(mount.root.str());
  if (delegation) facts.writable(is_writable(mount.point, own));
}

void write_v2(CgroupV2Writer facts, const Mount &mount, Slice cgroups, bool delegation) {
  Slice own = below(own_path(cgroups, {}), mount.root);
  facts.mount(mount.point.str()).path(own.str());
  if (!is_whole(mount)) facts.root(mount.root.str());
  if (delegation) {
    facts.writable(is_writable(mount.point, own));
    write_controllers(facts.available(), mount.point, own);
  }
  write_controllers(facts.controllers(), mount.point, {});
}

bool same(Slice a, Slice b) { return a.size() == b.size() && a.starts_with(b); }

struct Hierarchies {
  Mount v1[max_hierarchies];
  uint32_t v1_count = 0;
  Mount v2;
  bool has_v2 = false;

  void add(Mount mount) {
    mount.point = unescape_mount(mount.point);
    mount.root = unescape_mount(mount.root);
    // A mount over the same place hides the earlier one; a second mount elsewhere shows the same hierarchy.
    if (mount.type.equals("cgroup2")) {
      if (!has_v2 || same(v2.point, mount.point)) v2 = mount;
      has_v2 = true;
      return;
    }
    for (uint32_t i = 0; i < v1_count; i++) {
      if (same(v1[i].point, mount.point)) {
        v1[i] = mount;
        return;
      }
      if (same(v1[i].options, mount.options)) return;
    }
    if (v1_count < max_hierarchies) v1[v1_count++] = mount;
  }
};

} // namespace

void write_cgroup_facts(CgroupFactsWriter &facts, char *mountinfo, size_t mountinfo_size, Slice own_cgroups,
                        bool delegation) {
  Hierarchies hierarchies;
  Slice lines{mountinfo, mountinfo + mountinfo_size};
  while (!lines.empty()) {
    Mount mount = parse_mount(lines.cut('\n'));
    if (mount.type.equals("cgroup") || mount.type.equals("cgroup2")) hierarchies.add(mount);
  }
  if (hierarchies.v1_count == 0)
    facts.mode(hierarchies.has_v2 ? CgroupMode::v2 : CgroupMode::none);
  else
    facts.mode(hierarchies.has_v2 ? CgroupMode::hybrid : CgroupMode::v1);
  {
    ListWriter<CgroupV1Writer> list = facts.v1();
    for (uint32_t i = 0; i < hierarchies.v1_count; i++)
      write_v1(list.next(), hierarchies.v1[i], own_cgroups, delegation);
  }
  if (hierarchies.has_v2)
    write_v2(facts.v2(), hierarchies.v2, own_cgroups, delegation);
  else
    facts.v2_null();
}

bool mounted(Slice mountinfo, const char *type) {
  while (!mountinfo.empty()) {
    if (parse_mount(mountinfo.cut('\n')).type.equals(type)) return true;
  }
  return false;
}

} // namespace veloci
