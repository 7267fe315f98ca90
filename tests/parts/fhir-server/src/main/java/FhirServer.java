import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hibernate.dialect.Dialect;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * FhirServer PORT: HAPI's JPA server (FHIR R4) on loopback, its data in memory. Prints READY once it serves /fhir, and
 * ends when its input does, so that it never outlives the test that started it.
 */
public class FhirServer {
  @Configuration
  @EnableTransactionManagement
  @Import({JpaR4Config.class, HapiJpaConfig.class, JpaBatch2Config.class, Batch2JobsConfig.class,
      ThreadPoolFactoryConfig.class, SubscriptionSubmitterConfig.class, SubscriptionProcessorConfig.class,
      SubscriptionChannelConfig.class})
  public static class Beans {
    @Bean DataSource dataSource() {
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl("jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1");
      config.setUsername("sa");
      config.setPassword("");
      return new HikariDataSource(config);
    }

    @Bean JpaStorageSettings jpaStorageSettings() {
      JpaStorageSettings settings = new JpaStorageSettings();
      settings.setEnforceReferentialIntegrityOnWrite(false);
      // A search sees what was written just before it, as a test expects.
      settings.setReuseCachedSearchResultsForMillis(null);
      settings.setPreExpandValueSets(false);
      return settings;
    }

    @Bean PartitionSettings partitionSettings() { return new PartitionSettings(); }
    @Bean SubscriptionSettings subscriptionSettings() { return new SubscriptionSettings(); }
    @Bean IBinaryStorageSvc binaryStorageSvc() { return new DatabaseBinaryContentStorageSvcImpl(); }
    @Bean IEmailSender emailSender() { return mail -> { }; }

    @Primary @Bean HibernatePropertiesProvider hibernatePropertiesProvider(DataSource data) {
      return new HibernatePropertiesProvider() {
        @Override public Dialect getDialect() { return new HapiFhirH2Dialect(); }
        @Override public DataSource getDataSource() { return data; }
      };
    }

    @Primary @Bean LocalContainerEntityManagerFactoryBean entityManagerFactory(
        DataSource data, ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings) {
      LocalContainerEntityManagerFactoryBean factory =
          HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
      factory.setPersistenceUnitName("HAPI_PU");
      factory.setDataSource(data);
      Properties properties = new Properties();
      properties.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
      properties.put("hibernate.hbm2ddl.auto", "update");
      properties.put("hibernate.search.enabled", "false");
      properties.put("hibernate.cache.use_query_cache", "false");
      properties.put("hibernate.cache.use_second_level_cache", "false");
      factory.setJpaProperties(properties);
      return factory;
    }

    @Primary @Bean JpaTransactionManager transactionManager(EntityManagerFactory factory) {
      return new JpaTransactionManager(factory);
    }
  }

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    String base = "http://127.0.0.1:" + port + "/fhir";
    AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext(Beans.class);
    RestfulServer fhir = new RestfulServer(beans.getBean(FhirContext.class));
    fhir.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    fhir.setPagingProvider(beans.getBean(DatabaseBackedPagingProvider.class));
    fhir.setDefaultResponseEncoding(EncodingEnum.JSON);
    fhir.setServerAddressStrategy(new HardcodedServerAddressStrategy(base));

    Server web = new Server();
    ServerConnector connector = new ServerConnector(web);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    web.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler("/");
    ServletHolder holder = new ServletHolder(fhir);
    holder.setInitOrder(1);
    handler.addServlet(holder, "/fhir/*");
    web.setHandler(handler);
    web.start();
    System.out.println("READY " + base);
    while (System.in.read() >= 0) { }
    System.exit(0);
  }
}
