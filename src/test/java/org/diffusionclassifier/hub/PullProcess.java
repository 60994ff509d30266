package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A pull of all files of {@link HubServer#MODEL} in a process of its own, which may be killed. */
final class PullProcess {

    private PullProcess() {
    }

    /** @param args the endpoint and the cache */
    public static void main(String[] args) {
        var settings = HubSettings.of(Map.of("HF_ENDPOINT", args[0], "HF_HUB_CACHE", args[1]), Path.of(args[1]));
        all(settings, PullListener.NONE);
    }

    static Path all(HubSettings settings, PullListener listener) {
        var client = new HubClient(settings);
        var repository = client.repository(HubServer.MODEL, Revision.MAIN);
        return Pull.of(settings, client, repository, new Selection(repository.files()), listener);
    }

    static Process start(HubServer server, Path cache) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), PullProcess.class.getName(),
                server.url(), cache.toString()).inheritIO().start();
    }
}
