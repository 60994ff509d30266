// Kernel images: dlopen'ed shared objects, their symbols' source lines, and where their __shared__ variables lie
// (thread-local storage of the image, one copy per OS thread).
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "launch.h"
#include "shadow.h"

namespace simt {

// Calls visit for the loaded object that holds the address.
template <class Visit> static void visit_object(const void* address, Visit visit) {
    struct Context {
        const void* address;
        Visit& visit;
    } context{address, visit};
    dl_iterate_phdr([](dl_phdr_info* info, size_t, void* data) {
        auto& c = *static_cast<Context*>(data);
        for (int i = 0; i < info->dlpi_phnum; i++) {
            const auto& p = info->dlpi_phdr[i];
            uintptr_t begin = info->dlpi_addr + p.p_vaddr;
            if (p.p_type == PT_LOAD && uintptr_t(c.address) >= begin && uintptr_t(c.address) < begin + p.p_memsz) {
                c.visit(*info);
                return 1;
            }
        }
        return 0;
    }, &context);
}

std::unique_ptr<Image> Image::load(const void* elf, std::string& error) {
    Elf64_Ehdr header;
    memcpy(&header, elf, sizeof header);                    // at any address
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        error = "the module image is no shared object of host-compiled kernels";
        return nullptr;
    }
    size_t bytes = header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;     // section headers come last
    int fd = memfd_create("simt-kernels", 0);
    auto from = static_cast<const char*>(elf);
    for (size_t done = 0; fd >= 0 && done < bytes;) {
        ssize_t n = write(fd, from + done, bytes - done);
        if (n <= 0) break;
        done += n;
    }
    // The file stays open: addr2line reads it when an error is to be located.
    return load_file("/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd), error);
}

std::unique_ptr<Image> Image::load_file(const std::string& path, std::string& error) {
    static uint64_t next_id = 0;
    std::unique_ptr<Image> image(new Image);
    image->handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!image->handle_) {
        error = dlerror();
        return nullptr;
    }
    image->table_ = static_cast<const simt_image_table*>(dlsym(image->handle_, "simt_image"));
    if (!image->table_) {
        error = path + " has no symbol simt_image";
        return nullptr;
    }
    visit_object(image->table_, [&](const dl_phdr_info& info) {
        uintptr_t end = 0;
        for (int i = 0; i < info.dlpi_phnum; i++) {
            const auto& p = info.dlpi_phdr[i];
            if (p.p_type == PT_LOAD && p.p_vaddr + p.p_memsz > end) end = p.p_vaddr + p.p_memsz;
        }
        image->begin_ = reinterpret_cast<void*>(info.dlpi_addr);
        image->end_ = reinterpret_cast<void*>(info.dlpi_addr + end);
    });
    image->path_ = path;
    image->id_ = ++next_id;
    if (image->checked()) shadow_enable();
    return image;
}

Image::~Image() {
    if (handle_) dlclose(handle_);
    int fd;
    if (sscanf(path_.c_str(), "/proc/%*d/fd/%d", &fd) == 1) close(fd);
}

const simt_kernel* Image::find(const char* name) const {
    for (auto entry = table_->first; entry < table_->last; entry++) {
        if (strcmp((*entry)->name, name) == 0) return *entry;
    }
    return nullptr;
}

void Image::static_shared(char*& begin, char*& end) const {
    static thread_local uint64_t id = 0;
    static thread_local char *known_begin, *known_end;
    if (id != id_) {
        table_->touch_shared();
        visit_object(table_, [&](const dl_phdr_info& info) {
            known_begin = known_end = static_cast<char*>(info.dlpi_tls_data);
            for (int i = 0; i < info.dlpi_phnum; i++) {
                if (info.dlpi_phdr[i].p_type == PT_TLS) known_end = known_begin + info.dlpi_phdr[i].p_memsz;
            }
        });
        id = id_;
    }
    begin = known_begin;
    end = known_end;
}

std::string Image::place(const void* address) const {
    std::string& known = places_[address];
    if (known.empty()) known = locate(address);
    return known;
}

std::string Image::locate(const void* address) const {
    uintptr_t offset = uintptr_t(address) - uintptr_t(begin_) - 1;      // the call, not the return
    char command[512];
    snprintf(command, sizeof command, "addr2line -i -e '%s' %#zx 2>/dev/null", path_.c_str(), size_t(offset));
    std::string first, line;
    if (FILE* out = popen(command, "r")) {
        char text[512];
        while (fgets(text, sizeof text, out)) {
            line.assign(text, strcspn(text, " \n"));                    // drops "(discriminator 3)"
            if (line.compare(0, 2, "./") == 0) line.erase(0, 2);
            const char* name = strrchr(line.c_str(), '/');
            name = name ? name + 1 : line.c_str();
            if (line.find(":?") != std::string::npos) continue;         // no debug information
            if (first.empty() || strncmp(name, "simt", 4) != 0) first = line;
            if (strncmp(name, "simt", 4) != 0) break;
        }
        pclose(out);
    }
    if (!first.empty()) return first;
    snprintf(command, sizeof command, "kernel image + %#zx", size_t(offset));
    return command;
}

}
