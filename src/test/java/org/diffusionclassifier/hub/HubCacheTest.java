package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A cache with everything in it that huggingface_hub writes, made by hand as its file_download.py describes it. */
class HubCacheTest {

    private static final RepositoryName NAME = new RepositoryName("org/model");
    private static final String OLD = "aaaa" + "1".repeat(36);
    private static final String NEW = "aaab" + "2".repeat(36);
    private static final String SHARED = "b".repeat(40);
    private static final String OLD_WEIGHTS = "c".repeat(64);
    private static final String NEW_WEIGHTS = "d".repeat(64);

    @TempDir
    Path folder;

    private Path root;
    private Path model;
    private HubCache cache;

    @BeforeEach
    void make() throws IOException {
        root = folder.resolve("hub");
        model = root.resolve("models--org--model");
        cache = new HubCache(HubSettings.of(Map.of("HF_HUB_CACHE", root.toString()), folder));
        write("blobs/" + SHARED, 10);
        write("blobs/" + OLD_WEIGHTS, 1000);
        write("blobs/" + NEW_WEIGHTS, 2000);
        write("blobs/" + NEW_WEIGHTS + ".0a1b2c3d.incomplete", 7);
        link(OLD, "model_index.json", "../../blobs/" + SHARED);
        link(OLD, "unet/weights.bin", "../../../blobs/" + OLD_WEIGHTS);
        link(NEW, "model_index.json", "../../blobs/" + SHARED);
        link(NEW, "unet/weights.bin", "../../../blobs/" + NEW_WEIGHTS);
        refer("refs/main", NEW);
        refer("refs/v1", OLD);
        refer("refs/refs/pr/1", NEW);
        write(".no_exist/" + OLD + "/unet/config.json", 0);
        write("trees/" + OLD + ".json", 3);
        Files.createDirectories(root.resolve(".locks/models--org--model"));
        Files.writeString(root.resolve(".locks/models--org--model/" + SHARED + ".lock"), "");
        Files.writeString(root.resolve("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n");
        Files.createDirectories(root.resolve("datasets--org--pictures/snapshots"));
    }

    private void write(String path, int bytes) throws IOException {
        Files.createDirectories(model.resolve(path).getParent());
        Files.write(model.resolve(path), new byte[bytes]);
    }

    private void refer(String path, String commit) throws IOException {
        Files.createDirectories(model.resolve(path).getParent());
        Files.writeString(model.resolve(path), commit);
    }

    private Path link(String commit, String path, String target) throws IOException {
        Path link = model.resolve("snapshots").resolve(commit).resolve(path);
        Files.createDirectories(link.getParent());
        return Files.createSymbolicLink(link, Path.of(target));
    }

    private Optional<Path> at(String revision) {
        return cache.snapshot(NAME, new Revision(revision));
    }

    @Test
    void whatIsThere() {
        var repositories = cache.repositories();
        assertEquals(1, repositories.size());
        var repository = repositories.get(0);
        assertEquals(NAME, repository.name());
        assertEquals(List.of(), repository.faults());
        assertEquals(10 + 1000 + 2000 + 7 + 40 * 3 + 3, repository.bytes());
        assertEquals(List.of(OLD, NEW), repository.snapshots().stream().map(CachedSnapshot::commit).toList());
        var old = repository.snapshots().get(0);
        assertEquals(Set.of("v1"), old.revisions());
        assertEquals(List.of("model_index.json", "unet/weights.bin"), old.files());
        assertEquals(1010, old.bytes());
        assertEquals(Set.of("main", "refs/pr/1"), repository.snapshots().get(1).revisions());
    }

    @Test
    void revisions() {
        Path snapshots = model.resolve("snapshots");
        assertEquals(Optional.of(snapshots.resolve(NEW)), at("main"));
        assertEquals(Optional.of(snapshots.resolve(NEW)), at("refs/pr/1"));
        assertEquals(Optional.of(snapshots.resolve(OLD)), at("v1"));
        assertEquals(Optional.of(snapshots.resolve(OLD)), at(OLD));
        assertEquals(Optional.of(snapshots.resolve(OLD)), at("aaaa"));
        assertEquals(Optional.empty(), at("aaa"));      // too short for the beginning of a commit
        assertEquals(Optional.empty(), at("bbbb"));
        assertEquals(Optional.empty(), at("v2"));
        assertEquals(Optional.empty(), cache.snapshot(new RepositoryName("org/other"), Revision.MAIN));
    }

    @Test
    void anAmbiguousCommitIsRefused() throws IOException {
        String twin = "aaaa" + "3".repeat(36);
        link(twin, "a", "../../blobs/" + SHARED);
        assertEquals("org/model: expected one commit that begins with aaaa, found " + OLD + ", " + twin,
                Fixtures.inputError(() -> at("aaaa")));
    }

    @Test
    void noCache() {
        var none = new HubCache(HubSettings.of(Map.of("HF_HUB_CACHE", folder.resolve("none").toString()), folder));
        assertEquals(List.of(), none.repositories());
        assertEquals(Optional.empty(), none.snapshot(NAME, Revision.MAIN));
        assertEquals("org/model: not in " + folder.resolve("none"), Fixtures.inputError(() -> none.removal(NAME)));
    }

    @Test
    void copiesInThePlaceOfLinks() throws IOException {
        String copied = "e".repeat(40);
        write("snapshots/" + copied + "/unet/weights.bin", 55);
        var snapshot = cache.repository(NAME).orElseThrow().snapshot(new Revision(copied)).orElseThrow();
        assertEquals(55, snapshot.bytes());
        assertEquals(55, cache.removal(NAME, new Revision(copied)).bytes());
    }

    @Test
    void aLinkToNothingIsAFaultOfItsSnapshotAlone() throws IOException {
        Files.delete(model.resolve("blobs").resolve(OLD_WEIGHTS));
        String fault = model.resolve("snapshots").resolve(OLD).resolve("unet/weights.bin")
                + ": its content is missing from the cache; pull the model again";
        assertEquals(fault, Fixtures.inputError(() -> at("v1")));
        assertTrue(at("main").isPresent());
        assertEquals(List.of(fault), cache.repository(NAME).orElseThrow().snapshots().get(0).faults());
    }

    @Test
    void linksOutOfTheCacheAreRefused() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "x");
        Path link = link(NEW, "evil.json", secret.toString());
        String out = ": expected a file of the cache, found a link that leads out of it";
        assertEquals(link + out, Fixtures.inputError(() -> at("main")));
        Files.delete(link);
        Path tower = link(NEW, "evil.json", "../../../../secret");
        assertEquals(tower + out, Fixtures.inputError(() -> at("main")));
        Files.delete(tower);
        String commit = "f".repeat(40);
        Path snapshot = Files.createSymbolicLink(model.resolve("snapshots").resolve(commit), folder);
        assertEquals(snapshot + out, Fixtures.inputError(() -> at(commit)));
        Path other = Files.createSymbolicLink(root.resolve("models--org--other"), folder);
        var name = new RepositoryName("org/other");
        assertEquals(other + out, Fixtures.inputError(() -> cache.snapshot(name, Revision.MAIN)));
        assertEquals(other + ": expected a folder, found a link", Fixtures.inputError(() -> cache.removal(name)));
        assertTrue(at("main").isPresent());
    }

    @Test
    void referencesThatLeadNowhereAreFaults() throws IOException {
        refer("refs/gone", "9".repeat(40));
        refer("refs/odd", "no commit");
        assertEquals(List.of(model.resolve("refs/odd") + ": expected a commit, found something else",
                "org/model: gone: commit " + "9".repeat(40) + " is not in the cache; pull the model again"),
                cache.repository(NAME).orElseThrow().faults());
        assertEquals(Optional.empty(), at("gone"));
        assertTrue(at("main").isPresent());
    }

    @Test
    void aRevisionIsRemovedWithoutWhatOthersUse() throws IOException {
        var removal = cache.removal(NAME, new Revision("v1"));
        assertEquals(1000 + 40 + 3, removal.bytes());       // the weights, the reference, the note of the tree
        assertEquals(List.of(new Removal.Shared(model.resolve("blobs").resolve(SHARED).toRealPath(), 10, List.of(NEW))),
                removal.shared());
        long before = cache.repository(NAME).orElseThrow().bytes();
        removal.run();
        assertEquals(before - removal.bytes(), cache.repository(NAME).orElseThrow().bytes());
        assertEquals(Optional.empty(), at("v1"));
        assertTrue(at("main").isPresent());
        assertFalse(Files.exists(model.resolve(".no_exist").resolve(OLD)));
        // The last revision takes the rest with it, unfinished downloads included.
        var rest = cache.removal(NAME, Revision.MAIN);
        assertEquals(cache.repository(NAME).orElseThrow().bytes(), rest.bytes());
        rest.run();
        assertFalse(Files.exists(model));
    }

    @Test
    void aModelIsRemovedWithEverything() throws IOException {
        Path outside = Files.writeString(folder.resolve("outside"), "kept");
        link(NEW, "evil.json", outside.toString());
        var removal = cache.removal(NAME);
        assertEquals(cache.repository(NAME).orElseThrow().bytes(), removal.bytes());
        removal.run();
        assertFalse(Files.exists(model, LinkOption.NOFOLLOW_LINKS));
        assertFalse(Files.exists(root.resolve(".locks/models--org--model")));
        assertEquals("kept", Files.readString(outside));
        assertEquals(List.of(), cache.repositories());
        assertEquals("org/model: not in " + root, Fixtures.inputError(() -> cache.removal(NAME, Revision.MAIN)));
    }
}
