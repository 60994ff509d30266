package org.diffusionclassifier.spark;

import java.util.Map;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Settings of Spark's for a driver in the process of the tests, reached by the loopback and without a page. */
final class LoopbackDriver implements BeforeEachCallback, AfterEachCallback {

    private static final Map<String, String> SETTINGS = Map.of("spark.driver.host", "127.0.0.1",
            "spark.driver.bindAddress", "127.0.0.1", "spark.ui.enabled", "false");

    @Override
    public void beforeEach(ExtensionContext test) {
        SETTINGS.forEach(System::setProperty);
    }

    @Override
    public void afterEach(ExtensionContext test) {
        SETTINGS.keySet().forEach(System::clearProperty);
    }
}
