package org.diffusionclassifier.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The order of variables is that of huggingface_hub's constants.py and utils/_auth.py. */
class HubSettingsTest {

    @TempDir
    Path home;

    private HubSettings of(String... variables) {
        var environment = new HashMap<String, String>();
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return HubSettings.of(environment, home);
    }

    @Test
    void withoutVariables() {
        var settings = HubSettings.of(Map.of(), home);
        assertEquals(URI.create("https://huggingface.co"), settings.endpoint());
        assertEquals(home.resolve(".cache/huggingface/hub"), settings.cache());
        assertEquals(Optional.empty(), settings.token());
        assertEquals(Duration.ofSeconds(10), settings.answerTimeout());
        assertEquals(Duration.ofSeconds(10), settings.readTimeout());
        assertFalse(settings.offline());
        assertTrue(settings.symlinks());
        assertTrue(settings.withoutNetwork().offline());
    }

    @Test
    void theCacheIsWhereTheMostSpecificVariableSays() {
        assertEquals(Path.of("/x/huggingface/hub"), of("XDG_CACHE_HOME", "/x").cache());
        assertEquals(Path.of("/h/hub"), of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache());
        assertEquals(Path.of("/old"), of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old").cache());
        assertEquals(Path.of("/new"), of("HUGGINGFACE_HUB_CACHE", "/old", "HF_HUB_CACHE", "/new").cache());
        assertEquals(home.resolve("models"), of("HF_HUB_CACHE", "~/models").cache());
        assertEquals(home.resolve(".cache/huggingface/hub"), of("HF_HUB_CACHE", "").cache());
    }

    @Test
    void theTokenIsFromAVariableElseFromItsFile() throws IOException {
        assertEquals(Optional.of("a"), of("HF_TOKEN", " a\n", "HUGGING_FACE_HUB_TOKEN", "b").token());
        assertEquals(Optional.of("b"), of("HUGGING_FACE_HUB_TOKEN", "b").token());
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "c\n");
        assertEquals(Optional.of("c"), of().token());
        Path other = Files.writeString(home.resolve("other"), "d");
        assertEquals(Optional.of("d"), of("HF_TOKEN_PATH", other.toString()).token());
        assertEquals(Optional.empty(), of("HF_TOKEN", "a", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token());
        Files.writeString(other, "");
        assertEquals(Optional.empty(), of("HF_TOKEN_PATH", other.toString()).token());
    }

    @Test
    void switches() {
        for (String yes : new String[] {"1", "on", "Yes", "TRUE"}) {
            assertTrue(of("HF_HUB_OFFLINE", yes).offline(), yes);
            assertTrue(of("TRANSFORMERS_OFFLINE", yes).offline(), yes);
        }
        assertFalse(of("HF_HUB_OFFLINE", "0", "TRANSFORMERS_OFFLINE", "1").offline());
        assertFalse(of("HF_HUB_DISABLE_SYMLINKS", "1").symlinks());
        assertEquals(Duration.ofSeconds(3), of("HF_HUB_ETAG_TIMEOUT", "3").answerTimeout());
        assertEquals(Duration.ofSeconds(4), of("HF_HUB_DOWNLOAD_TIMEOUT", "4").readTimeout());
        assertEquals(URI.create("http://mirror:8080/hub"), of("HF_ENDPOINT", "http://mirror:8080/hub/").endpoint());
    }

    @Test
    void wrongValuesAreRefusedByTheirVariable() {
        assertEquals("HF_HUB_ETAG_TIMEOUT: expected seconds from 1, found \"0\"",
                Fixtures.inputError(() -> of("HF_HUB_ETAG_TIMEOUT", "0")));
        assertEquals("HF_HUB_DOWNLOAD_TIMEOUT: expected seconds from 1, found \"ten\"",
                Fixtures.inputError(() -> of("HF_HUB_DOWNLOAD_TIMEOUT", "ten")));
        for (String endpoint : new String[] {"ftp://x", "huggingface.co", "https://user:secret@x", "https://x?secret",
            "https://x y"}) {
            assertEquals("HF_ENDPOINT: expected an address as https://huggingface.co, without user, password or query",
                    Fixtures.inputError(() -> of("HF_ENDPOINT", endpoint)));
        }
    }

    @Test
    void theTokenIsNeverShown() {
        assertFalse(of("HF_TOKEN", "hf_secret").toString().contains("secret"));
        assertEquals("HF_TOKEN: expected a token of letters, digits and punctuation on one line",
                Fixtures.inputError(() -> of("HF_TOKEN", "hf_secret\r\nX: y")));
    }
}
