package org.diffusionclassifier.hub;

import java.util.Optional;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Names of models, revisions and files: none of them leads out of its folder. */
class NamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "stabilityai/stable-diffusion-2-base", "a/b", "facebook/DiT-XL-2-256", "o_/n.1"})
    void names(String name) {
        var parsed = new RepositoryName(name);
        assertEquals("models--" + name.replace("/", "--"), parsed.folder());
        assertEquals(Optional.of(parsed), RepositoryName.ofFolder(parsed.folder()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "a/", "/a", "a/b/c", "..", "../a", "a/..", "a..b/c", "a--b/c", "-a/b", "a/b-",
        "a b", ".a/b", "a/b.git", "a\\b", "a\nb", "ä/b", "C:/b"})
    void noNames(String name) {
        assertFalse(RepositoryName.is(name));
        assertTrue(Fixtures.inputError(() -> new RepositoryName(name)).startsWith(
                "expected a model's name on the Hub as organisation/name, found \""));
    }

    @Test
    void foldersOfOthersAreNoModels() {
        for (String folder : new String[] {"datasets--a--b", "models--", "models--a--b--c", "models--..", ".locks"}) {
            assertEquals(Optional.empty(), RepositoryName.ofFolder(folder), folder);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", "../x", "a/../b", "a//b", "/a", "a/", "a\\b", "-\n", ".hidden", "a/.hidden"})
    void noRevisions(String revision) {
        assertTrue(Fixtures.inputError(() -> new Revision(revision)).startsWith(
                "revision: expected a branch, a tag or a commit, found \""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"main", "v1.0", "refs/pr/1", "fp16", "feature/a-b"})
    void revisions(String revision) {
        assertEquals(revision, new Revision(revision).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/etc/passwd", "../a", "a/../../b", "a/..", "./a", "a//b", "a/", "a\\..\\b", "C:a",
        "a\nb"})
    void noFiles(String path) {
        assertTrue(Fixtures.inputError(() -> new RemoteFile(path, 0, Optional.empty())).startsWith(
                "expected files within a repository, found one named \""));
    }

    @Test
    void theHashesAreGitsAndSha256() {
        // As printed by: printf 'hello\n' | git hash-object --stdin; printf 'hello\n' | sha256sum
        var git = new BlobHash("ce013625030ba8dba906f756967f9e9ca394464a");
        var lfs = new BlobHash("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        for (BlobHash hash : new BlobHash[] {git, lfs}) {
            var digest = hash.begin(6);
            digest.update("hello\n".getBytes());
            assertEquals(hash.hex(), BlobHash.hex(digest));
        }
        assertEquals(Optional.of(git), BlobHash.ofEtag("W/\"ce013625030ba8dba906f756967f9e9ca394464a\""));
        assertEquals(Optional.of(lfs), BlobHash.ofEtag("\"" + lfs + "\""));
        assertEquals(Optional.empty(), BlobHash.ofEtag("\"../../../etc/passwd\""));
    }
}
