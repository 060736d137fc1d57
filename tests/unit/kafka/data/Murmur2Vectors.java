// Prints the vectors of murmur2-vectors.json with the Java client's own code (kafka-clients 4.3.1):
//
//     java -Dfile.encoding=UTF-8 -cp "<folder of the Kafka jars>/*" Murmur2Vectors.java > murmur2-vectors.json
//
// Each vector: key (hex), hash (Utils.murmur2, signed), partitions (BuiltInPartitioner.partitionForKey for 1, 6, 8, 12,
// 50 partitions).
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;

public class Murmur2Vectors {
    public static void main(String[] arguments) {
        List<byte[]> keys = new ArrayList<>();
        keys.add(new byte[0]);
        for (String text : new String[] {"default", "emea_sandbox", "é", "ключ", "会話", "🦉🦉", "a\u0000b", "#00ff"}) {
            keys.add(text.getBytes(StandardCharsets.UTF_8));
        }
        Random random = new Random(2);
        for (int length = 1; length <= 20; length++) {
            byte[] ones = new byte[length];
            java.util.Arrays.fill(ones, (byte) 0xff);
            keys.add(ones);
            for (int repeat = 0; repeat < 4; repeat++) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                keys.add(bytes);
            }
        }
        for (int repeat = 0; repeat < 60; repeat++) {
            keys.add(new UUID(random.nextLong(), random.nextLong()).toString().getBytes(StandardCharsets.UTF_8));
        }
        byte[] large = new byte[1023];
        random.nextBytes(large);
        keys.add(large);
        StringBuilder out = new StringBuilder("[\n");
        for (int index = 0; index < keys.size(); index++) {
            byte[] key = keys.get(index);
            StringBuilder hex = new StringBuilder();
            for (byte b : key) hex.append(String.format("%02x", b));
            out.append(String.format("  {\"key\": \"%s\", \"hash\": %d, \"partitions\": [", hex, Utils.murmur2(key)));
            int[] counts = {1, 6, 8, 12, 50};
            for (int i = 0; i < counts.length; i++) {
                out.append(i == 0 ? "" : ", ").append(BuiltInPartitioner.partitionForKey(key, counts[i]));
            }
            out.append(index == keys.size() - 1 ? "]}\n" : "]},\n");
        }
        System.out.print(out.append("]\n"));
    }
}
